// @ts-check
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { firstIdOf } from './people.mjs';
import { tablesOf } from './rows.mjs';

/** Rows go to the server in pieces of about this many characters: what is on its way is all that memory holds. */
const PIECE = 65_536;

/**
 * Copies one part in one transaction, so that a stop or a crash leaves all of it or nothing. False when it is there
 * already. Two loads at once take turns.
 * @param {import('pg').Client} client
 * @param {import('./people.mjs').Plan} plan
 * @param {number} part
 * @param {(table: string, rows: number) => void} onRows
 * @returns {Promise<boolean>}
 */
export async function copyPart(client, plan, part, onRows) {
  await client.query('BEGIN');
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('load', 0))`);
  const { rowCount } = await client.query('SELECT 1 FROM users WHERE id = $1', [firstIdOf(plan, part)]);
  if (rowCount === 0) {
    for (const { name, columns, rows } of tablesOf(plan, part)) {
      const pieces = piecesOf(rows, (count) => onRows(name, count));
      await pipeline(Readable.from(pieces), client.query(copyFrom(`COPY ${name} (${columns}) FROM STDIN`)));
    }
  }
  await client.query('COMMIT');
  return rowCount === 0;
}

/**
 * @param {Iterable<import('./rows.mjs').Row>} rows
 * @param {(count: number) => void} onRows
 */
function* piecesOf(rows, onRows) {
  let piece = '';
  let count = 0;
  for (const row of rows) {
    piece += `${row.map(field).join('\t')}\n`;
    count += 1;
    if (piece.length < PIECE) continue;
    yield Buffer.from(piece);
    onRows(count);
    piece = '';
    count = 0;
  }
  if (count > 0) yield Buffer.from(piece);
  onRows(count);
}

/**
 * The text format of COPY.
 * @param {string | number | null} value
 */
function field(value) {
  if (value === null) return '\\N';
  return String(value).replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}

/** @type {Readonly<Record<string, string>>} */
const ESCAPES = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
