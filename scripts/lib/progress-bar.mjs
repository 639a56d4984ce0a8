// @ts-check
import { palette } from './progress.mjs';

const WIDTH = 24;
const REDRAW_MS = 100;
const LINE_MS = 10_000;

/** How far something long has come, on stderr: a bar on a terminal, a line every ten seconds elsewhere. */
export class ProgressBar {
  #stream = process.stderr;
  #paint = palette(process.stderr);
  #live = process.stderr.isTTY && process.env.TERM !== 'dumb';
  #begun = performance.now();
  #done = 0;
  #skipped = 0;
  #unit;
  #total;
  #timer;

  /**
   * @param {string} unit what is counted, e.g. `rows`
   * @param {number} total
   */
  constructor(unit, total) {
    this.#unit = unit;
    this.#total = total;
    this.#timer = setInterval(() => this.#draw(), this.#live ? REDRAW_MS : LINE_MS).unref();
  }

  /** @param {number} count */
  add(count) {
    this.#done += count;
  }

  /**
   * What was there before counts as done, and not as speed.
   * @param {number} count
   */
  skip(count) {
    this.#done += count;
    this.#skipped += count;
  }

  /** The last line stays. */
  end() {
    clearInterval(this.#timer);
    this.#draw();
    if (this.#live) this.#stream.write('\n');
  }

  #draw() {
    const share = Math.min(1, this.#done / Math.max(1, this.#total));
    const elapsed = (performance.now() - this.#begun) / 1000;
    const speed = (this.#done - this.#skipped) / Math.max(0.001, elapsed);
    const left = speed > 0 ? ` ${duration((this.#total - this.#done) / speed)} left` : '';
    const numbers = `${number(this.#done)} of ${number(this.#total)} ${this.#unit}  ${number(speed)}/s `;
    const rest = share < 1 ? left : ` ${duration(elapsed)}`;
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    const full = Math.round(share * WIDTH);
    const bar = this.#paint.cyan('█'.repeat(full)) + this.#paint.dim('░'.repeat(WIDTH - full));
    const line = `${percent}  ${numbers}${this.#paint.dim(rest)}`;
    this.#stream.write(this.#live ? `\r${bar} ${line}\u001b[K` : `${line}\n`);
  }
}

const number = (/** @type {number} */ value) => Math.round(value).toLocaleString('en-US');

/** @param {number} value seconds */
function duration(value) {
  const all = Math.max(0, Math.round(value));
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`;
}
