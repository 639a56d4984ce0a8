import type { InputError } from '../errors/problem.js';

const declared = new Map<unknown, readonly string[]>();

/** Declares that exactly one of these optional members is sent: the validation pipe refuses none and two, and the document says so. */
export const ExactlyOneOf =
  (first: string, ...rest: string[]): ClassDecorator =>
  (dto) => {
    declared.set(dto, [first, ...rest]);
  };

/** The alternatives of every DTO that has some, by the name of its schema. */
export const alternatives = (): [schema: string, names: readonly string[]][] =>
  [...declared].map(([dto, names]) => [(dto as { name: string }).name, names]);

/** What is wrong with the number of alternatives in a body: one error for each that was sent, or for each when none was. */
export function alternativeErrors(dto: unknown, input: object): InputError[] {
  const names = declared.get(dto) ?? [];
  const sent = names.filter((name) => name in input);
  if (names.length === 0 || sent.length === 1) return [];
  const detail = `Send one of ${names.join(', ')}, and one alone.`;
  return (sent.length > 0 ? sent : names).map((name) => ({ pointer: `/${name}`, code: 'one_of', detail }));
}
