// @ts-check
// Imports nothing at the top: an older Node must be able to parse this far to say that it is too old.

const OLDEST = { major: 20, minor: 19 };

/**
 * Runs one of the scripts to its exit code, or to the one line of what is wrong.
 * @param {(stop: import('./stop-request.mjs').StopRequest) => Promise<number>} run
 */
export async function launch(run) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor)) {
    const line = `Node ${OLDEST.major}.${OLDEST.minor} or newer is needed, this is ${process.versions.node}: get one from https://nodejs.org`;
    process.stderr.write(`${line}\n`);
    process.exit(1);
  }
  const [{ listenForStop }, { report }, { checkoutDir }] = await Promise.all([
    import('./stop-request.mjs'),
    import('./faults.mjs'),
    import('./files.mjs'),
  ]);
  // For every process under this one: three thousand modules are compiled once, not at each start.
  process.env.NODE_COMPILE_CACHE ??= `${checkoutDir}/compile-cache`;
  process.exit(await run(listenForStop()).catch(report));
}
