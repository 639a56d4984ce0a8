// @ts-check
import { cpus } from 'node:os';
import { palette } from '../lib/progress.mjs';
import { ratio } from './measure.mjs';

/**
 * @typedef {import('./measure.mjs').Figure} Figure
 * @typedef {{ rows: import('./bench.mjs').RowResult[], sections: import('./bench.mjs').Section[] }} Result
 */

const WIDTHS = { row: 28, server: 18, perSecond: 9, p50: 8, p99: 8, cpu: 7, rss: 6, ratio: 7 };
const number = (/** @type {number} */ value, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** @param {Record<keyof typeof WIDTHS, string>} cells */
const line = (cells) =>
  `  ${Object.entries(WIDTHS)
    .map(([name, width], i) => {
      const text = cells[/** @type {keyof typeof WIDTHS} */ (name)];
      return i < 2 ? text.padEnd(width) : text.padStart(width);
    })
    .join(' ')}`.trimEnd();

/**
 * @param {number} value
 * @param {number | undefined} target
 * @param {ReturnType<typeof palette>} paint
 */
function verdict(value, target, paint) {
  if (target === undefined) return '';
  const held = value <= target ? paint.green('held') : paint.red('not held');
  return `  ${paint.dim(`at most ${number(target, target % 1 ? 1 : 0)}`)} ${held}`;
}

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
    ratio: 'ratio',
  };
  const units = {
    row: '',
    server: '',
    perSecond: 'a second',
    p50: 'ms',
    p99: 'ms',
    cpu: 'µs',
    rss: 'MB',
    ratio: 'of CPU',
  };
  const lines = ['', `  ${paint.dim(about)}`, ''];
  if (rows.length > 0) lines.push(paint.dim(line(heads)), paint.dim(line(units)));
  for (const { what, target, figures } of rows) {
    for (const [i, figure] of figures.entries()) {
      const to = i === 0 && figures[1] ? ratio(figure, figures[1]) : null;
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
      lines.push(i === 0 ? `${paint.bold(text)}${to === null ? '' : verdict(to, target, paint)}` : paint.dim(text));
    }
  }
  for (const { title, findings, skipped } of sections) {
    lines.push('', `  ${paint.bold(title)}`);
    if (skipped) lines.push(`    ${paint.yellow(`not measured: ${skipped}`)}`);
    for (const { what, value, unit, target } of findings) {
      const digits = Math.abs(value) < 10 ? 2 : 0;
      lines.push(`    ${what.padEnd(52)}${number(value, digits).padStart(9)} ${unit}${verdict(value, target, paint)}`);
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
