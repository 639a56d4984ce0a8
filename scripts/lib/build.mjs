// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { writeCommonPasswords } from './common-passwords.mjs';
import { Fault } from './faults.mjs';
import { readText, root } from './files.mjs';
import { binOf, withRuntime } from './node-runtime.mjs';
import { runStep } from './step.mjs';

const stamp = join(root, 'dist', '.build-stamp');

/**
 * Everything the result of a build depends on, as sorted paths.
 * @returns {string[]}
 */
export function sourceFiles() {
  const files = readdirSync(root).filter((name) => /^(tsconfig.*|nest-cli|package-lock)\.json$/.test(name));
  for (const dir of ['src', 'migrations']) {
    for (const entry of readdirSync(join(root, dir), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) files.push(relative(root, join(entry.parentPath, entry.name)));
    }
  }
  return files.toSorted();
}

/** By content: a fresh clone and a change of branch touch every modification time. */
function sourceHash() {
  const hash = createHash('sha256');
  for (const file of sourceFiles())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

export const isBuilt = () => existsSync(join(root, 'dist', 'main.js')) && readText(stamp) === sourceHash();

/**
 * What `npm run build` does, on the chosen Node. Rejects with the compiler's words.
 * @param {string} node
 * @param {AbortSignal} signal
 */
export async function build(node, signal) {
  // Taken first: what is saved while the compiler runs makes the result stale.
  const hash = sourceHash();
  const env = withRuntime(node);
  for (const args of [
    [binOf('@nestjs/cli', 'nest'), 'build'],
    [binOf('typescript', 'tsc'), '-p', join('migrations', 'tsconfig.json')],
  ]) {
    const { code, output } = await runStep(node, args, { signal, env });
    if (code !== 0) throw new Fault('The build failed, the compiler says why above.', { details: output });
  }
  await writeCommonPasswords(join(root, 'dist', 'common-passwords.bin'));
  writeFileSync(stamp, hash);
}
