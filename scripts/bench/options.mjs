// @ts-check
import { parseArgs } from 'node:util';
import { Fault } from '../lib/faults.mjs';
import { ROWS } from './rows.mjs';
import { SECTIONS } from './sections/index.mjs';

/**
 * @typedef {object} Options
 * @property {boolean} json
 * @property {boolean} quick
 * @property {readonly import('./rows.mjs').Row[]} rows
 * @property {readonly import('./sections/index.mjs').SectionOf[]} sections
 */

/**
 * @param {string[]} args
 * @returns {Options}
 */
export function readOptions(args) {
  const { json = false, quick = false, only = [] } = parse(args);
  const known = [...ROWS, ...SECTIONS].map(({ id }) => id);
  const unknown = only.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw new Fault(`There is no ${JSON.stringify(unknown)} to be measured; there are ${known.join(', ')}.`);
  const wanted = ({ id = '' }) => only.includes(id);
  if (only.length > 0) return { json, quick, rows: ROWS.filter(wanted), sections: SECTIONS.filter(wanted) };
  return { json, quick, rows: ROWS, sections: quick ? [] : SECTIONS };
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
