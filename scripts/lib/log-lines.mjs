// @ts-check
import { palette } from './progress.mjs';

const LEVELS = /** @type {const} */ ([
  [60, 'FATAL', 'red'],
  [50, 'ERROR', 'red'],
  [40, 'WARN', 'yellow'],
  [30, 'INFO', 'green'],
  [0, 'DEBUG', 'dim'],
]);
const WARN = 40;

/**
 * What a request put into a log line must not command the terminal.
 * @param {unknown} value
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const plain = (value) => String(value).replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '·');

/**
 * @param {string} line
 * @returns {Record<string, any> | null}
 */
function parse(line) {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/**
 * @param {string} line
 */
export const isWarning = (line) => {
  const entry = parse(line);
  return entry === null || Number(entry.level) >= WARN;
};

/**
 * One JSON line of the API as a person reads it: time, then method, route, status and duration, or level and message.
 * @param {string} line
 * @param {NodeJS.WriteStream} stream
 * @returns {string}
 */
export function readable(line, stream) {
  const entry = parse(line);
  if (!entry) return plain(line);
  const paint = palette(stream);
  const time = paint.dim(new Date(entry.time ?? Date.now()).toTimeString().slice(0, 8));
  if (entry.method && entry.status) {
    const colour = entry.status >= 500 ? paint.red : entry.status >= 400 ? paint.yellow : paint.green;
    const route = plain(entry.route ?? '(no route)');
    return `${time} ${colour(String(entry.status))} ${plain(entry.method).padEnd(6)} ${route} ${paint.dim(`${Number(entry.ms ?? 0).toFixed(1)} ms`)}`;
  }
  const [, label, colour] = LEVELS.find(([level]) => Number(entry.level) >= level) ?? LEVELS[4];
  const cause = entry.err?.message && entry.err.message !== entry.msg ? `: ${plain(entry.err.message)}` : '';
  const head = `${time} ${paint[colour](label.padEnd(5))} ${plain(entry.msg ?? '')}${cause}`;
  const stack =
    Number(entry.level) > WARN && typeof entry.err?.stack === 'string' ? entry.err.stack.split('\n').slice(1) : [];
  return [head, ...stack.map((/** @type {string} */ frame) => paint.dim(plain(frame)))].join('\n');
}
