// @ts-check
import { join } from 'node:path';
import { Fault } from '../lib/faults.mjs';
import { binOf, withRuntime } from '../lib/node-runtime.mjs';
import { runStep } from '../lib/step.mjs';

/**
 * dist/bench/ from bench/: the servers that the application is compared with. A build of the application removes it.
 * @param {string} node
 * @param {AbortSignal} signal
 */
export async function buildBench(node, signal) {
  const args = [binOf('typescript', 'tsc'), '-p', join('bench', 'tsconfig.json')];
  const { code, output } = await runStep(node, args, { signal, env: withRuntime(node) });
  if (code !== 0) throw new Fault('The build failed, the compiler says why above.', { details: output });
}
