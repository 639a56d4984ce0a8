/** One environment variable: how its text becomes a value, what it is without one, and whether it is a secret. */
export interface Variable<T> {
  readonly parse: (text: string) => T;
  readonly fallback: T;
  /** A secret may also come from `NAME_FILE` or a secret manager, and is never repeated in a message. */
  readonly secret: boolean;
}

const variable = <T>(parse: (text: string) => T, fallback: T, secret = false): Variable<T> => ({
  parse,
  fallback,
  secret,
});

/** Text as it stands; `undefined` when absent. */
export const text = (): Variable<string | undefined> => variable<string | undefined>((value) => value, undefined);

/** Text that must never be shown; `undefined` when absent. */
export const secret = (): Variable<string | undefined> =>
  variable<string | undefined>((value) => value, undefined, true);

/** A secret with its own grammar. */
export const parsedSecret = <T>(parse: (value: string) => T, fallback: T): Variable<T> =>
  variable(parse, fallback, true);

/** One of a fixed set of words. */
export function oneOf<const T extends string>(words: readonly T[], fallback: T): Variable<T> {
  return variable((value) => {
    const found = words.find((word) => word === value);
    if (!found) throw new RangeError(`must be one of ${words.join(', ')}`);
    return found;
  }, fallback);
}

/** `true` or `false`, nothing else: a misspelt switch must not silently mean "off". */
export const flag = <T extends boolean | undefined>(fallback: T): Variable<boolean | T> =>
  variable<boolean | T>((value) => {
    if (value !== 'true' && value !== 'false') throw new RangeError('must be true or false');
    return value === 'true';
  }, fallback);

/** A whole number in decimal digits between `min` and `max`. */
export function integer(min: number, max: number, fallback: number): Variable<number> {
  return variable((value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) throw new RangeError(`must be a whole number from ${min} to ${max}`);
    return number;
  }, fallback);
}

/** Values separated by commas, each trimmed and checked. */
export function list<T>(parse: (item: string) => T): Variable<readonly T[]> {
  return variable<readonly T[]>(
    (value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
        .map(parse),
    [],
  );
}

/** Any value with its own grammar. */
export const parsed = <T>(parse: (value: string) => T, fallback: T): Variable<T> => variable(parse, fallback);

/** An absolute URL with one of the given schemes. */
export function url(value: string, schemes: readonly string[]): URL {
  const result = URL.canParse(value) ? new URL(value) : undefined;
  if (!result || !schemes.includes(result.protocol)) {
    throw new RangeError(`must be a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`);
  }
  return result;
}
