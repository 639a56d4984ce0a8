// @ts-check
// `npm run torture`: faults, one by one, against instances of this machine, and what they did.
import { launch } from './lib/launch.mjs';

const HELP = `npm run torture [-- options]

Kills, freezes and floods instances of its own, one fault after the other, and shows what that did to those who were asking.
Ends with 1 when a figure is beyond its limit. Ctrl-C stops it, and everything that it started.

  -n <runs>     so many runs of each fault; the worst figures count (default 1)
  --only <id>   this fault alone; may be repeated
  --short       as the tests run them
  --list        what there is
  --json        the result on stdout, for programs

Some faults need haproxy, nginx, redis-server or faketime from the machine: without them they are not run, which CI=true makes
a failure.
`;

await launch(async (stop) => {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  const [{ prepareBuild, prepareRuntime }, { Progress }] = await Promise.all([
    import('./lib/prepare.mjs'),
    import('./lib/progress.mjs'),
  ]);
  const options = { progress: new Progress(), signal: stop.signal };
  const work = async () => {
    const { node } = await prepareRuntime(options);
    // After the packages are there, which it imports.
    const { torture } = await import('./torture/torture.mjs');
    return torture(args, { ...options, node, build: () => prepareBuild(node, options) });
  };
  return stop.orExitCode(work());
});
