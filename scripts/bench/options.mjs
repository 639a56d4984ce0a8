// @ts-check
import { parseArgs } from 'node:util';
import { Fault } from '../lib/faults.mjs';
import { ROWS } from './rows.mjs';

/** @typedef {{ json: boolean, quick: boolean, rows: readonly import('./rows.mjs').Row[], whole: boolean }} Options */

/**
 * @param {string[]} args
 * @returns {Options}
 */
export function readOptions(args) {
  const { json = false, quick = false, only = [] } = parse(args);
  const unknown = only.find((id) => !ROWS.some((row) => row.id === id));
  if (unknown !== undefined) {
    const known = ROWS.map(({ id }) => id).join(', ');
    throw new Fault(`There is no row ${JSON.stringify(unknown)}; there are ${known}.`);
  }
  const rows = ROWS.filter(({ id }) => only.length === 0 || only.includes(id));
  return { json, quick, rows, whole: !quick && only.length === 0 };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        json: { type: 'boolean' },
        quick: { type: 'boolean' },
        only: { type: 'string', multiple: true },
      },
    }).values;
  } catch (error) {
    const what = error instanceof Error ? error.message.split('.', 1)[0] : 'Not understood';
    throw new Fault(`${what}: npm run bench -- --help`);
  }
}
