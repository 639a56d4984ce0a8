// @ts-check
import { palette, seconds } from '../lib/progress.mjs';
import { holds } from './fault.mjs';

/** A terminal of 100 columns: an indent of two, gaps of two. */
const WIDTHS = { id: 14, how: 28, figure: 31, limit: 9 };
const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/**
 * At most `width` characters a line, broken between words.
 * @param {string} text
 * @param {number} width
 */
function wrapped(text, width) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** @param {import('./fault.mjs').Measure} measure */
const figureOf = ({ what, value, unit = '' }) => `${NUMBER.format(value)}${unit} ${what}`;

/** @param {import('./fault.mjs').Measure} measure */
function limitOf({ most, least, unit = '' }) {
  if (most === 0) return 'none';
  if (most !== undefined && most === least) return `= ${NUMBER.format(most)}${unit}`;
  if (most !== undefined) return `≤ ${NUMBER.format(most)}${unit}`;
  return least === undefined ? '' : `≥ ${NUMBER.format(least)}${unit}`;
}

/** @typedef {(text: string) => string} Paint */

/** @type {Paint} */
const plain = (text) => text;

/**
 * @param {string[]} cells id, how, figure, limit
 * @param {string} verdict
 * @param {Paint[]} paints
 */
function line([id = '', how = '', figure = '', limit = ''], verdict, [paintId = plain, paintRest = plain] = []) {
  const first = paintId(id.padEnd(WIDTHS.id));
  const second = paintRest(how.padEnd(WIDTHS.how));
  return `  ${first}  ${second}  ${figure.padEnd(WIDTHS.figure)}  ${paintRest(limit.padEnd(WIDTHS.limit))}  ${verdict}`.trimEnd();
}

/**
 * @param {import('./torture.mjs').Outcome} outcome
 * @param {ReturnType<typeof palette>} paint
 */
function rows({ id, how, verdict, reason, measures }, paint) {
  const left = wrapped(how, WIDTHS.how);
  const right = measures.flatMap((measure) => {
    const mark = holds(measure) ? paint.green('passed') : paint.red('failed');
    const limit = limitOf(measure);
    const [first = '', ...more] = wrapped(figureOf(measure), WIDTHS.figure);
    return [
      { figure: first, limit, mark: limit ? mark : '' },
      ...more.map((text) => ({ figure: `  ${text}`, limit: '', mark: '' })),
    ];
  });
  if (verdict === 'not run')
    right.push(...wrapped(`not run: ${reason}`, WIDTHS.figure).map((figure) => ({ figure, limit: '', mark: '' })));
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const { figure = '', limit = '', mark = '' } = right[i] ?? {};
    return line([i === 0 ? id : '', left[i] ?? '', figure, limit], mark, [paint.bold, paint.dim]);
  });
}

/**
 * What a person needs of the figures that are beyond their limit.
 * @param {import('./torture.mjs').Outcome} outcome
 */
const reasons = ({ id, measures }) =>
  measures
    .filter((measure) => !holds(measure))
    .flatMap(({ what, because = [] }) => because.map((text) => `  ${id}, ${what}: ${text}`));

/**
 * All of it in one table.
 * @param {import('./torture.mjs').Outcome[]} outcomes
 */
export function table(outcomes, stream = process.stdout) {
  const paint = palette(stream);
  const runs = Math.max(...outcomes.map(({ runs: count }) => count));
  const figure = runs > 1 ? `figure, the worst of ${runs}` : 'figure';
  const lines = [
    '',
    line(['fault', 'how it was injected', figure, 'limit'], paint.dim('verdict'), [paint.dim, paint.dim]),
  ];
  for (const outcome of outcomes) lines.push(...rows(outcome, paint), '');
  lines.push(...outcomes.flatMap(reasons).map(paint.red));
  const count = (/** @type {string} */ verdict) => outcomes.filter((outcome) => outcome.verdict === verdict).length;
  const took = seconds(outcomes.reduce((sum, { ms }) => sum + ms, 0));
  const parts = [paint.green(`${count('passed')} passed`)];
  if (count('failed')) parts.push(paint.red(`${count('failed')} failed`));
  if (count('not run')) parts.push(paint.yellow(`${count('not run')} not run`));
  lines.push(`  ${parts.join(', ')} ${paint.dim(`in ${took}`)}`, '');
  return `${lines.join('\n')}\n`;
}

/**
 * @param {readonly import('./fault.mjs').TortureFault[]} faults
 * @param {import('./fault.mjs').Form} form
 */
export function listing(faults, form, stream = process.stdout) {
  const paint = palette(stream);
  const width = 96 - WIDTHS.id;
  const lines = faults.flatMap(({ id, how }) =>
    wrapped(how(form), width).map((text, i) => `  ${paint.bold((i === 0 ? id : '').padEnd(WIDTHS.id))}  ${text}`),
  );
  return `${lines.join('\n')}\n`;
}
