// @ts-check

/**
 * One figure of a fault, and what it may be. `speed`: judged where the machine is known, not in the tests of a clone.
 * @typedef {object} Measure
 * @property {string} what
 * @property {number} value
 * @property {string} [unit]
 * @property {number} [most]
 * @property {number} [least]
 * @property {boolean} [speed]
 * @property {string[]} [because] what a person needs to find the cause
 */

/**
 * How much of a fault is done: everything, or what a run of the tests has time for.
 * @typedef {'long' | 'short'} Form
 */

/**
 * @typedef {object} TortureFault
 * @property {string} id
 * @property {(form: Form) => string} how it is injected
 * @property {boolean} [alone] it takes PostgreSQL away from whatever else runs
 * @property {string[]} [needs] programs of the machine
 * @property {() => string | null} [cannot] why it cannot be injected here
 * @property {(lab: import('./lab.mjs').Lab, form: Form) => Promise<Measure[]>} run
 */

/**
 * @param {Measure} measure
 * @param {Form} [form]
 */
export const holds = ({ value, most = Infinity, least = -Infinity, speed = false }, form = 'long') =>
  (speed && form === 'short') || (value <= most && value >= least);

/**
 * The one that is further from its limit in the wrong direction.
 * @param {Measure} a
 * @param {Measure} b
 */
export function worse(a, b) {
  if (holds(a) !== holds(b)) return holds(a) ? b : a;
  const higherIsBetter = a.most === undefined && a.least !== undefined;
  return higherIsBetter === b.value < a.value ? b : a;
}

/**
 * Nothing of these may be found.
 * @param {string} what
 * @param {string[]} found
 * @returns {Measure}
 */
export const none = (what, found) => ({ what, value: found.length, most: 0, because: found.slice(0, 5) });

/**
 * @param {string} what
 * @param {number} value
 * @param {number} wanted
 * @returns {Measure}
 */
export const exactly = (what, value, wanted) => ({ what, value, most: wanted, least: wanted });
