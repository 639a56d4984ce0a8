// @ts-check

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const WORTH_A_LINE_MS = 400;

/**
 * Escape codes, or empty strings where nobody would see a colour (https://no-color.org).
 * @param {NodeJS.WriteStream} stream
 */
export function palette(stream) {
  const on = stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  /** @param {number} code */
  const paint = (code) => (/** @type {string} */ text) => (on ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33), cyan: paint(36) };
}

/** @param {number} ms */
export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/**
 * What is being done, on stderr so that stdout stays a clean stream of logs: a spinner on a terminal, plain lines
 * elsewhere. Steps too short to notice leave no line.
 */
export class Progress {
  #stream = process.stderr;
  #paint = palette(process.stderr);
  #live = process.stderr.isTTY && process.env.TERM !== 'dumb';
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #label = '';

  /**
   * @template T
   * @param {string} label
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async during(label, work) {
    const begun = Date.now();
    this.#begin(label);
    try {
      const result = await work();
      this.clear();
      const took = Date.now() - begun;
      if (took > WORTH_A_LINE_MS) this.line(`${this.#paint.green('✔')} ${label} ${this.#paint.dim(seconds(took))}`);
      return result;
    } finally {
      this.clear();
    }
  }

  /**
   * Other words for what is going on, where somebody watches.
   * @param {string} label
   */
  update(label) {
    this.#label = label;
  }

  /** @param {string} text */
  line(text) {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  /** Takes the spinner away, so that something else may be printed. */
  clear() {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#live) this.#stream.write('\r\u001b[K');
  }

  /** @param {string} label */
  #begin(label) {
    this.clear();
    this.#label = label;
    let frame = 0;
    if (this.#live) {
      const draw = () =>
        this.#stream.write(`\r${this.#paint.cyan(FRAMES[frame++ % FRAMES.length] ?? '')} ${this.#label} …\u001b[K`);
      this.#timer = setInterval(draw, 80).unref();
      draw();
    } else {
      // Silence in a log file is only worth breaking for what takes long.
      this.#timer = setTimeout(() => this.#stream.write(`${label} …\n`), WORTH_A_LINE_MS).unref();
    }
  }
}
