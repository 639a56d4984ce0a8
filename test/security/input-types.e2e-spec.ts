import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withBody, withJson } from '../support/hostile-input.js';
import { type Hostile, startSweep, type Sweep } from '../support/sweep.js';
import { sweepAll } from '../support/sweep-all.js';
import type { SweptRoute } from '../support/swept-routes.js';

const SWEEP_MS = 60_000;

let sweep: Sweep;
beforeAll(async () => {
  sweep = await startSweep();
});
afterAll(() => sweep.stop());

/** Expects every answer to be sound, and that so much was asked. */
async function expectSound(make: (route: SweptRoute) => readonly Hostile[], atLeast: number): Promise<void> {
  const { faults, sent } = await sweepAll(sweep, make);
  expect(faults).toEqual([]);
  expect(sent).toBeGreaterThan(atLeast);
}

const list = (length: number, item: string): string => `[${Array.from({ length }, () => item).join()}]`;
const nested = (depth: number, open: string, inner: string, close: string): string =>
  open.repeat(depth) + inner + close.repeat(depth);

const SCALARS = [
  'null',
  'true',
  'false',
  '0',
  '-1',
  '1.5',
  '1e308',
  '-1e308',
  '1e400',
  '9007199254740993',
  '1e-400',
  '-0',
  '""',
];
const CONTAINERS = [
  '[]',
  '{}',
  '[[]]',
  '[{}]',
  '[null]',
  '["",""]',
  '{"$gt":""}',
  '{"$ne":null}',
  '{"0":"a","length":1}',
];
const STRANGE = [
  '{"toString":"x"}',
  '{"then":1}',
  '{"valueOf":1,"toJSON":1}',
  '{"length":-1}',
  '{"type":"Buffer","data":[1]}',
];
const LARGE = [
  nested(1000, '[', '', ']'),
  nested(1000, '{"a":', '1', '}'),
  nested(33, '[', '', ']'),
  list(10_000, '1'),
  list(10_000, '""'),
  list(101, '"x"'),
  `"${'x'.repeat(90_000)}"`,
];
const PROTOTYPES = [
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"\\u005f_proto__":[]}',
];
/** Prototypes further inside, where free JSON would let them through. */
const INSIDE = PROTOTYPES.flatMap((json) => [`[${json}]`, `{"a":${json}}`, `{"a":[[{"b":${json}}]]}`]);

describe('values of other types', () => {
  it(
    'are refused in every member of every body',
    async () => {
      const values = [...SCALARS, ...CONTAINERS, ...STRANGE, ...LARGE];
      const make = ({ slots }: SweptRoute) =>
        slots.filter(({ place }) => place === 'body').flatMap((slot) => values.map((json) => withJson(slot, json)));
      await expectSound(make, 1000);
    },
    SWEEP_MS,
  );

  it(
    'are no way to a prototype, at any level of any body',
    async () => {
      const make = ({ slots, body }: SweptRoute) => {
        const inMembers = slots
          .filter(({ place }) => place === 'body')
          .flatMap((slot) => [...PROTOTYPES, ...INSIDE].map((json) => ({ ...withJson(slot, json), legal: false })));
        const beside = PROTOTYPES.map((json) => ({
          label: `beside the members ${json}`,
          legal: false,
          body: (valid: unknown) =>
            `${JSON.stringify(valid ?? {})
              .slice(0, -1)
              .replace(/\{$/, '{"a":1')},${json.slice(1)}`,
        }));
        return body ? [...inMembers, ...beside, ...PROTOTYPES.map((json) => withBody(`only ${json}`, json))] : [];
      };
      await expectSound(make, 500);
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    },
    SWEEP_MS,
  );
});
