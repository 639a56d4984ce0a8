// @ts-check
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { build, isBuilt, sourceFiles } from './build.mjs';
import { Ended, Fault, Interrupted, codeOf } from './faults.mjs';
import { root } from './files.mjs';
import { pause } from './processes.mjs';
import { aborted } from './stop-request.mjs';

const LOOK_EVERY_MS = 300;

/**
 * A look at the files in place of fs.watch, which on Linux loses a file that an editor replaces and sees nothing on
 * most mounts of containers. A few hundred stat calls take 2 ms.
 */
function listing() {
  return sourceFiles()
    .map((file) => {
      try {
        const { mtimeMs, size } = statSync(join(root, file));
        return `${file} ${mtimeMs} ${size}`;
      } catch (error) {
        return `${file} ${codeOf(error)}`;
      }
    })
    .join('\n');
}

/**
 * Builds and restarts after each change until the signal aborts. A build that fails leaves the running API alone and
 * shows what the compiler says.
 * @param {object} options
 * @param {string} options.node
 * @param {import('./progress.mjs').Progress} options.progress
 * @param {AbortSignal} options.signal
 * @param {() => Promise<void>} options.restart
 */
export async function watchSources({ node, progress, signal, restart }) {
  const stopped = aborted(signal);
  let seen = listing();
  // What was saved while the API started counts too.
  let settled = false;
  for (;;) {
    await Promise.race([stopped, pause(LOOK_EVERY_MS)]);
    if (signal.aborted) return;
    const now = listing();
    // Editors save in several steps and a change of branch in hundreds: wait for one quiet look.
    const quiet = now === seen;
    seen = now;
    if (!quiet) settled = false;
    if (!quiet || settled) continue;
    settled = true;
    if (isBuilt()) continue;
    try {
      await progress.during('Building', () => build(node, signal));
      await restart();
    } catch (error) {
      if (error instanceof Interrupted) return;
      if (error instanceof Ended) progress.line('The API ended. It is started again after the next change.');
      else if (error instanceof Fault)
        progress.line(`${error.details.trimEnd()}\nThe build failed: the API goes on as it was.`);
      else throw error;
    }
  }
}
