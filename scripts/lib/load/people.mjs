// @ts-check
import { Random } from './random.mjs';
import { FIRST_NAMES, LAST_NAMES } from './words.mjs';

/**
 * @typedef {object} Plan what all rows are made from
 * @property {string} tag names this load: the same numbers give the same rows
 * @property {number} users
 * @property {number} records
 * @property {number} until the newest moment, in milliseconds
 * @property {string} hash of the password that all share
 * @property {string} secret makes hashes of tokens and keys that nobody has
 *
 * @typedef {object} Person
 * @property {string} id
 * @property {number} index
 * @property {number} since
 * @property {string} role
 * @property {'active' | 'disabled' | 'invited'} status
 * @property {number} records
 */

const SPAN = 730 * 86_400_000;

/** How many people, and what is theirs, are loaded in one transaction. */
export const PEOPLE = 5000;

const first = (/** @type {number} */ index) => FIRST_NAMES[index % FIRST_NAMES.length] ?? '';
const last = (/** @type {number} */ index) => LAST_NAMES[(index * 31) % LAST_NAMES.length] ?? '';
const plain = (/** @type {string} */ name) =>
  name.normalize('NFD').replace(/\p{M}/gu, '').replace('ø', 'o').replace('ł', 'l').toLowerCase();

export const emailOf = (/** @type {string} */ tag, /** @type {number} */ index) =>
  `${plain(first(index))}.${plain(last(index))}.${index}@${tag}.example.com`;

export const usernameOf = (/** @type {string} */ tag, /** @type {number} */ index) =>
  `${plain(first(index))}.${index}.${tag}`;

export const nameOf = (/** @type {number} */ index) => `${first(index)} ${last(index)}`;

/**
 * The id of the first of these people, by which is known whether they are there already.
 * @param {Plan} plan
 * @param {number} part
 */
export function firstIdOf(plan, part) {
  const [person] = peopleOf(plan, part, 1);
  return person?.id ?? '';
}

/**
 * The people of a part, each with how many records they get.
 * @param {Plan} plan
 * @param {number} part
 */
export function peopleWithShares(plan, part) {
  const people = [...peopleOf(plan, part, PEOPLE)];
  share(plan, part, people);
  return people;
}

/**
 * @param {Plan} plan
 * @param {number} part
 * @param {number} most
 * @returns {Generator<Person>}
 */
function* peopleOf({ tag, users: total, until }, part, most) {
  const random = new Random(`${tag} ${part} people`);
  const begin = part * PEOPLE;
  for (let index = begin; index < Math.min(begin + most, total); index++) {
    // In the order of their ids: neighbours in the table are neighbours in every index that begins with an owner.
    const since = Math.floor(until - SPAN + (SPAN * (index + random.fraction())) / total);
    const [luck, standing] = [random.fraction(), random.fraction()];
    // The first two are those whose login is shown.
    const role = index === 1 || luck < 0.0001 ? 'admin' : luck < 0.001 ? 'auditor' : luck < 0.02 ? 'reader' : 'user';
    const status = index < 2 || standing < 0.96 ? 'active' : standing < 0.99 ? 'disabled' : 'invited';
    yield { id: random.id(since), index, since, role: index === 0 ? 'user' : role, status, records: 0 };
  }
}

/**
 * Gives the part its share of the records: most people have few, some have thousands, the first one most of all.
 * @param {Plan} plan
 * @param {number} part
 * @param {Person[]} people
 */
function share({ tag, users: total, records: all }, part, people) {
  const upTo = (/** @type {number} */ count) => Math.round((all * Math.min(count, total)) / total);
  const quota = upTo((part + 1) * PEOPLE) - upTo(part * PEOPLE);
  const random = new Random(`${tag} ${part} share`);
  const owners = people.filter(({ status }) => status !== 'invited');
  const weights = owners.map((_, place) => (place === 0 ? people.length / 4 : (1 - random.fraction()) ** -0.8 - 0.9));
  const sum = weights.reduce((a, b) => a + b, 0);
  let given = 0;
  let weight = 0;
  owners.forEach((person, place) => {
    weight += weights[place] ?? 0;
    const reached = Math.round((quota * weight) / sum);
    person.records = reached - given;
    given = reached;
  });
}
