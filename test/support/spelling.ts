/** JSON of the same meaning in other words. Deterministic: a failure happens again with the same seed. */
export interface Speller {
  /** A whole number from 0 up to, but not, `n`. */
  readonly random: (n: number) => number;
  readonly pick: <T>(items: readonly T[]) => T;
  /** A string with some of its characters as escapes, of either kind and in either case. */
  readonly quote: (text: string) => string;
  /** The value with white space, escapes, and members that another of their name takes back. */
  readonly spell: (value: unknown) => string;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

export function spellerOf(seed: number): Speller {
  let state = seed;
  const random = (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;
  const escape = (unit: string): string => {
    const digits = unit.charCodeAt(0).toString(16).padStart(4, '0');
    return SHORT[unit] !== undefined && random(2) === 0 ? SHORT[unit] : `\\u${pick([digits, digits.toUpperCase()])}`;
  };
  const quote = (text: string): string => {
    const written = Array.from(text, (c) => {
      const units = c.split('').map(escape).join('');
      return random(3) === 0 ? units : JSON.stringify(c).slice(1, -1);
    });
    return `"${written.join('')}"`;
  };
  const space = (): string => pick(['', '', '', ' ', '\n', '\t']);
  const spell = (value: unknown): string => {
    if (typeof value === 'string') return quote(value);
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    if (Array.isArray(value)) return `[${value.map((item) => space() + spell(item)).join(',')}${space()}]`;
    const members = Object.entries(value).flatMap(([name, member]) => {
      const last = `${space()}${quote(name)}${space()}:${space()}${spell(member)}`;
      return random(6) === 0 ? [`${quote(name)}:${pick(['0', '[]', '"other"'])}`, last] : [last];
    });
    return `{${members.join(',')}${space()}}`;
  };
  return { random, pick, quote, spell };
}

/** Names that are something to somebody: JSON, JavaScript, an index, a pointer, the reader's memory of shapes. */
export const NAMES: readonly string[] = [
  ...'a b ab id name content tags version " \\ / \u007f é e\u0301 名前 😀 \ufeff a.b $ref ~0 \\u0061 null'.split(' '),
  ...'constructor toString hasOwnProperty valueOf prototype __proto _proto__ __defineGetter__ length'.split(' '),
  ...'0 1 2 10 01 -1 1.5 4294967294 4294967295 9007199254740991'.split(' '),
  ...'|\n|\t|\u0001|\u2028| |two words'.split('|'),
];
const TEXTS = '|"\\/|\u0001😀\u2029|__proto__|constructor|\\n'.split('|');
const NUMBERS = [0, -1, 0.1, -1.5e-7, 1e21, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
const LEAVES: readonly unknown[] = [...TEXTS, ...NUMBERS, null, true, false, {}, []];

/** Some value that a record may have, at most so deep. */
export function aValue(speller: Speller, depth: number): unknown {
  const { random, pick } = speller;
  if (depth === 0 || random(4) === 0) return pick(LEAVES);
  const items = Array.from({ length: random(6) }, () => aValue(speller, depth - 1));
  if (random(3) === 0) return items;
  const members = items.map((item) => [pick(NAMES), item] as const);
  // Of what `constructor` holds no object is allowed to have a prototype: here none is there.
  return Object.fromEntries(members.filter(([name, item]) => !(name === 'constructor' && isObject(item))));
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
