import { invalidInput } from '../errors/problem.js';

/** Throws 400 `validation_failed`, naming those that were sent, or all when none was, unless exactly one of the members is there. */
export function requireOneOf(members: object): void {
  const names = Object.keys(members);
  const given = Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : name));
  if (given.length === 1) return;
  const detail = `Send one of ${names.join(', ')}, and one alone.`;
  throw invalidInput(
    (given.length > 0 ? given : names).map((name) => ({ pointer: `/${name}`, code: 'one_of', detail })),
  );
}
