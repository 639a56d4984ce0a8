// @ts-check
import { cpus } from 'node:os';
import { palette } from '../lib/progress.mjs';
import { ratio } from './measure.mjs';

/**
 * @typedef {import('./measure.mjs').Figure} Figure
 * @typedef {{ rows: import('./bench.mjs').RowResult[], sections: import('./bench.mjs').Section[] }} Result
 */

const WIDTHS = { row: 26, server: 28, perSecond: 9, p50: 8, p99: 8, cpu: 7, rss: 6, ratio: 7 };
const number = (/** @type {number} */ value, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/**
 * The ratio of a server to the one it is to be compared with: the hand-written one in the same form.
 * @param {Figure} figure
 * @param {Figure[]} figures
 */
function ratioOf(figure, figures) {
  // The plain one remembers nothing either.
  const name = figure.server === 'rampart' ? 'anchor' : 'anchor, every token verified';
  const anchor = figures.find(({ server }) => server === name);
  return anchor && !figure.server.startsWith('anchor') ? ratio(figure, anchor) : null;
}

/** @param {Record<keyof typeof WIDTHS, string>} cells */
const line = (cells) =>
  `  ${Object.entries(WIDTHS)
    .map(([name, width], i) => {
      const text = cells[/** @type {keyof typeof WIDTHS} */ (name)];
      return i < 2 ? text.padEnd(width) : text.padStart(width);
    })
    .join(' ')}`.trimEnd();

/**
 * All of it in one table, for a terminal of 110 columns.
 * @param {Result} result
 * @param {{ pace: import('./measure.mjs').Pace }} options
 */
function table({ rows, sections }, { pace }, stream = process.stdout) {
  const paint = palette(stream);
  const model = cpus()[0]?.model ?? 'unknown processor';
  const about = `Node ${process.versions.node}, ${model.trim()}, ${new Date().toISOString().slice(0, 10)}; ${pace.connections} connections, ${pace.rounds} turns of ${number(pace.sliceMs / 1000, 1)} s`;
  const heads = {
    row: '',
    server: 'server',
    perSecond: 'requests',
    p50: 'p50',
    p99: 'p99',
    cpu: 'CPU',
    rss: 'RSS',
    ratio: 'CPU to',
  };
  const units = {
    row: '',
    server: '',
    perSecond: 'a second',
    p50: 'ms',
    p99: 'ms',
    cpu: 'µs',
    rss: 'MB',
    ratio: 'anchor',
  };
  const lines = ['', `  ${paint.dim(about)}`, ''];
  if (rows.length > 0) lines.push(paint.dim(line(heads)), paint.dim(line(units)));
  for (const { what, figures } of rows) {
    for (const [i, figure] of figures.entries()) {
      const to = ratioOf(figure, figures);
      const text = line({
        row: i === 0 ? what : '',
        server: figure.server,
        perSecond: number(figure.perSecond),
        p50: number(figure.p50, 2),
        p99: number(figure.p99, 1),
        cpu: number(figure.cpu),
        rss: number(figure.rss / 1e6),
        ratio: to === null ? '' : number(to, 2),
      });
      lines.push(figure.server === 'rampart' ? paint.bold(text) : text);
    }
    if (figures.length > 2) lines.push('');
  }
  for (const { title, findings, skipped } of sections) {
    lines.push('', `  ${paint.bold(title)}`);
    if (skipped) lines.push(`    ${paint.yellow(`not measured: ${skipped}`)}`);
    for (const { what, value, unit, target } of findings) {
      const digits = Math.abs(value) < 10 ? 2 : 0;
      const held =
        target === undefined
          ? ''
          : `  ${paint.dim(`at most ${number(target, target % 1 ? 1 : 0)}`)} ${value <= target ? paint.green('held') : paint.red('not held')}`;
      lines.push(`    ${what.padEnd(52)}${number(value, digits).padStart(9)} ${unit}${held}`);
    }
  }
  return `${lines.join('\n')}\n\n`;
}

/**
 * @param {Result} result
 * @param {{ json: boolean, pace: import('./measure.mjs').Pace }} options
 */
export function report(result, { json, pace }) {
  process.stdout.write(json ? `${JSON.stringify({ pace, ...result }, null, 2)}\n` : table(result, { pace }));
}
