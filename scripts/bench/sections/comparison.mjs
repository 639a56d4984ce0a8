// @ts-check

/** @typedef {import('../bench.mjs').Finding} Finding */

const HALF = 0.5;
const RSS_MB = 160;

/**
 * What rows say about each other: nothing more is measured for it.
 * @param {readonly import('../bench.mjs').RowResult[]} rows
 * @returns {import('../bench.mjs').Section[]}
 */
export function comparison(rows) {
  const of = (/** @type {string} */ id) => rows.find((row) => row.id === id)?.figures[0];
  const read = of('read');
  if (!read) return [];
  /** @type {Finding[]} */
  const findings = [{ what: 'RSS while reading', value: read.rss / 1e6, unit: 'MB', target: RSS_MB }];
  const compare = (/** @type {string} */ id, /** @type {string} */ what, /** @type {number} */ target) => {
    const figure = of(id);
    if (figure) findings.push({ what, value: figure.cpu / read.cpu, unit: '×', target });
  };
  compare('read-key', 'a read by API key to one by JWT', 1);
  compare('401', '401 to a read by JWT', HALF);
  compare('429', '429 to a read by JWT', HALF);
  const verifying = of('verified');
  const refused = of('401');
  if (verifying && refused) {
    findings.push({
      what: '401 to a read whose token is verified',
      value: refused.cpu / verifying.cpu,
      unit: '×',
      target: HALF,
    });
  }
  return [{ id: 'comparison', title: 'Requests among each other', findings }];
}
