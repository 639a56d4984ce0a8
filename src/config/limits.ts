/** At most `max` requests in a fixed window of `seconds` seconds. */
export interface Limit {
  readonly max: number;
  readonly seconds: number;
}

const SECONDS: ReadonlyMap<string, number> = new Map([
  ['second', 1],
  ['minute', 60],
  ['hour', 3_600],
  ['day', 86_400],
]);
const LARGEST = 1_000_000_000;
// Four units, each once: a longer text cannot be valid, and is not worth splitting.
const LONGEST_TEXT = 200;

function parseLimit(part: string): Limit {
  const match = /^ *([1-9][0-9]{0,9}) *\/ *(second|minute|hour|day) *$/.exec(part);
  const max = Number(match?.[1]);
  const seconds = SECONDS.get(match?.[2] ?? '');
  if (seconds === undefined || max > LARGEST) {
    throw new RangeError(`a limit is written <1 to ${LARGEST}>/<second|minute|hour|day>`);
  }
  return { max, seconds };
}

/**
 * Reads `200/day;50/hour`: one or more limits, all of them enforced. Throws a RangeError, which never repeats the text,
 * for anything else: a limit misread at boot is a limit not enforced (ASVS 2.4.1).
 */
export function parseLimits(text: string): readonly Limit[] {
  if (text.length > LONGEST_TEXT || text !== text.trim()) {
    throw new RangeError('limits are too long or begin or end with white space');
  }
  const limits = text.split(';').map(parseLimit);
  if (new Set(limits.map((limit) => limit.seconds)).size !== limits.length) {
    throw new RangeError('a unit may stand only once in a list of limits');
  }
  return limits;
}

/** The text parseLimits() reads, without spaces. Throws a RangeError for a window that is none of the four units. */
export function formatLimits(limits: readonly Limit[]): string {
  return limits
    .map(({ max, seconds }) => {
      const unit = SECONDS.entries().find(([, length]) => length === seconds)?.[0];
      if (unit === undefined) throw new RangeError('a window is a second, a minute, an hour or a day');
      return `${max}/${unit}`;
    })
    .join(';');
}
