// @ts-check
import { Interrupted } from '../lib/faults.mjs';
import { palette, seconds } from '../lib/progress.mjs';
import { exactly, holds, worse } from './fault.mjs';
import { readOptions } from './options.mjs';
import { obstacle, Rig } from './rig.mjs';
import { listing, table } from './table.mjs';

/**
 * How one fault ended, over all its runs.
 * @typedef {object} Outcome
 * @property {string} id
 * @property {string} how
 * @property {'passed' | 'failed' | 'not run'} verdict
 * @property {string} [reason] why it was not run
 * @property {number} runs
 * @property {number} ms
 * @property {import('./fault.mjs').Measure[]} measures the worst of each
 */

/**
 * @param {string[]} args
 * @param {import('../lab/launch-lab.mjs').Surroundings} surroundings
 * @returns {Promise<number>} the exit code
 */
export async function torture(args, { node, build, signal, progress }) {
  const { runs, faults, list, json, form } = readOptions(args);
  if (list) {
    process.stdout.write(listing(faults, form, process.stdout));
    return 0;
  }
  await build();
  const rig = new Rig({ node, signal });
  await progress.during('Starting a PostgreSQL to be tortured', () => rig.start());
  /** @type {Outcome[]} */
  const outcomes = [];
  try {
    for (const fault of faults) outcomes.push(await judge(rig, fault, { runs, form, progress }));
  } finally {
    await rig.stop();
    // Also what a stop leaves undone: the faults before it were run.
    if (outcomes.length > 0) process.stdout.write(json ? `${JSON.stringify(outcomes, null, 2)}\n` : table(outcomes));
  }
  return outcomes.every(passes) ? 0 : 1;
}

/** @param {Outcome} outcome */
const passes = ({ verdict }) => verdict === 'passed' || (verdict === 'not run' && process.env.CI !== 'true');

/**
 * @param {Rig} rig
 * @param {import('./fault.mjs').TortureFault} fault
 * @param {{ runs: number, form: import('./fault.mjs').Form, progress: import('../lib/progress.mjs').Progress }} options
 * @returns {Promise<Outcome>}
 */
async function judge(rig, fault, { runs, form, progress }) {
  const about = { id: fault.id, how: fault.how(form), runs: 0, ms: 0 };
  const reason = obstacle(fault) ?? undefined;
  if (reason) return { ...about, verdict: 'not run', reason, measures: [] };
  const begun = performance.now();
  /** @type {import('./fault.mjs').Measure[]} */
  let measures = [];
  for (let run = 1; run <= runs; run++) {
    const name = runs === 1 ? fault.id : `${fault.id}, run ${run} of ${runs}`;
    const tell = (/** @type {string} */ text) => progress.update(`${name}: ${text}`);
    const found = await progress.during(name, () => rig.run(fault, form, tell).catch(brokenOff));
    measures = worst(measures, found);
    about.runs = run;
  }
  about.ms = Math.round(performance.now() - begun);
  const verdict = measures.every((measure) => holds(measure, form)) ? 'passed' : 'failed';
  if (verdict === 'failed') progress.line(`${palette(process.stderr).red('✘')} ${fault.id} ${seconds(about.ms)}`);
  return { ...about, verdict, measures };
}

/**
 * @param {import('./fault.mjs').Measure[]} before
 * @param {import('./fault.mjs').Measure[]} found
 */
function worst(before, found) {
  const all = new Map(before.map((measure) => [measure.what, measure]));
  for (const measure of found) {
    const known = all.get(measure.what);
    all.set(measure.what, known ? worse(known, measure) : measure);
  }
  return [...all.values()];
}

/**
 * A fault that cannot be injected to its end has shown nothing: that is no pass.
 * @param {unknown} error
 */
function brokenOff(error) {
  if (error instanceof Interrupted) throw error;
  const because = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  return [{ ...exactly('runs that broke off', 1, 0), because }];
}
