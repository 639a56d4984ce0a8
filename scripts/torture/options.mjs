// @ts-check
import { parseArgs } from 'node:util';
import { Fault } from '../lib/faults.mjs';
import { FAULTS } from './faults/index.mjs';

/**
 * @param {string[]} args
 * @returns {{ runs: number, faults: import('./fault.mjs').TortureFault[], list: boolean, json: boolean, form: import('./fault.mjs').Form }}
 */
export function readOptions(args) {
  const { runs, only = [], list = false, json = false, short = false } = parse(args);
  if (!/^[1-9]\d{0,3}$/.test(runs)) throw new Fault(`-n takes a number of runs, not ${JSON.stringify(runs)}.`);
  const unknown = only.find((id) => !FAULTS.some((fault) => fault.id === id));
  if (unknown !== undefined)
    throw new Fault(`There is no fault ${JSON.stringify(unknown)}: npm run torture -- --list shows them.`);
  const faults = FAULTS.filter(({ id }) => only.length === 0 || only.includes(id));
  return { runs: Number(runs), faults, list, json, form: short ? 'short' : 'long' };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        runs: { type: 'string', short: 'n', default: '1' },
        only: { type: 'string', multiple: true },
        list: { type: 'boolean' },
        json: { type: 'boolean' },
        short: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    const what = error instanceof Error ? error.message.split('.', 1)[0] : 'Not understood';
    throw new Fault(`${what}: npm run torture -- --help`);
  }
}
