// @ts-check
import { createHash } from 'node:crypto';

/**
 * Numbers that look random and are the same for the same name (sfc32): what was loaded can be loaded again, or gone on with.
 * Nothing secret may come from here.
 */
export class Random {
  #a;
  #b;
  #c;
  #counter = 1;

  /** @param {string} name */
  constructor(name) {
    const digest = createHash('sha256').update(name).digest();
    this.#a = digest.readInt32LE(0);
    this.#b = digest.readInt32LE(4);
    this.#c = digest.readInt32LE(8);
  }

  /** 32 bits. */
  bits() {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** From 0 to 1, without 1. */
  fraction() {
    return this.bits() / 0x1_0000_0000;
  }

  /**
   * A whole number from 0, below `end`.
   * @param {number} end
   */
  below(end) {
    return Math.floor(this.fraction() * end);
  }

  /** @param {number} share */
  chance(share) {
    return this.fraction() < share;
  }

  /**
   * @template T
   * @param {readonly T[]} values
   * @returns {T}
   */
  pick(values) {
    return /** @type {T} */ (values[this.below(values.length)]);
  }

  /**
   * An id of version 7 (RFC 9562) of that moment.
   * @param {number} time milliseconds
   */
  id(time) {
    const t = time.toString(16).padStart(12, '0');
    const head = (0x7000 | (this.bits() & 0xfff)).toString(16);
    const middle = (0x8000 | (this.bits() & 0x3fff)).toString(16);
    const tail = this.#hex() + this.#hex().slice(4);
    return `${t.slice(0, 8)}-${t.slice(8)}-${head}-${middle}-${tail}`;
  }

  #hex() {
    return this.bits().toString(16).padStart(8, '0');
  }
}
