import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textsAround, withBody, withText } from '../support/hostile-input.js';
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

const isOfApi = ({ path }: SweptRoute): boolean => path.startsWith('/api/');
const nested = (depth: number, open: string, inner: string, close: string): string =>
  open.repeat(depth) + inner + close.repeat(depth);

describe('whole bodies', () => {
  it(
    'that are no JSON object, too large or too deep are refused by every route that takes one',
    async () => {
      const deep = nested(45_000, '[', '', ']');
      const bodies = [
        '',
        ' ',
        'null',
        '0',
        '""',
        'true',
        '[]',
        '[{}]',
        '{',
        '{]',
        '{"a":1}}',
        '\ufeff{}',
        "{'a':1}",
        '{"a":01}',
      ];
      const huge = [
        `{"a":"${'x'.repeat(103_000)}"}`,
        ' '.repeat(103_424),
        deep,
        `{"a":${deep}}`,
        nested(15_000, '{"a":', '1', '}'),
      ];
      const make = ({ method, body, path }: SweptRoute) => {
        if (method === 'GET' || !path.startsWith('/api/')) return [];
        // No body at all is an empty object, where every member may be absent.
        const all = body && (body.required ?? []).length > 0 ? bodies : bodies.slice(2);
        return [...all, ...huge].map((text) => withBody(`the body ${text.slice(0, 40)}`, text));
      };
      await expectSound(make, 300);
    },
    SWEEP_MS,
  );

  it(
    'with a member that nobody knows are refused, also where no body is expected',
    async () => {
      const names = [
        'x',
        'id',
        'ownerId',
        'owner_id',
        'isAdmin',
        'createdAt',
        'version',
        '',
        'constructor',
        'hasOwnProperty',
        '😀',
      ];
      const make = (route: SweptRoute) =>
        route.method === 'GET' || !isOfApi(route)
          ? []
          : names.map((name) => ({
              label: `the member ${name}`,
              legal: false,
              body: (valid: unknown) => JSON.stringify({ ...(valid as object | undefined), [name]: 'x' }),
            }));
      await expectSound(make, 200);
    },
    SWEEP_MS,
  );
});

describe('queries', () => {
  it(
    'with a parameter that nobody knows are refused by every route of the API',
    async () => {
      const unknown = [
        'x=1',
        'x',
        '=1',
        'id=1',
        '__proto__=1',
        '__proto__[a]=1',
        'constructor=1',
        'constructor[prototype][a]=1',
      ];
      const odd = ['%00=1', '%F0%9F%98%80=1', 'access_token=x', 'X-API-Key=x', 'a.b=1', `${'x'.repeat(5000)}=1`];
      const make = (route: SweptRoute) =>
        isOfApi(route)
          ? [...unknown, ...odd].map((query) => ({ label: `?${query.slice(0, 60)}`, legal: false, query }))
          : [];
      await expectSound(make, 300);
    },
    SWEEP_MS,
  );

  it(
    'that repeat a parameter, or make a list or an object of it, are refused',
    async () => {
      const make = ({ slots }: SweptRoute) =>
        slots
          .filter(({ place }) => place === 'query')
          .flatMap(({ name }) =>
            [
              `${name}=1&${name}=2`,
              `${name}=a&${name}=a`,
              `${name}[]=1`,
              `${name}[]=1&${name}[]=2`,
              `${name}[b]=1`,
              `${name}[$gt]=`,
              `${name}[__proto__]=1`,
              `${name}[0]=1`,
              `${name}.b=1`,
              `${name.toUpperCase()}=1`,
              `${name}=1&%${(name.codePointAt(0) ?? 0).toString(16)}${name.slice(1)}=2`,
              Array.from({ length: 1000 }, () => `${name}=1`).join('&'),
            ].map((query) => ({ label: `?${query.slice(0, 60)}`, legal: false, query })),
          );
      await expectSound(make, 100);
    },
    SWEEP_MS,
  );

  it(
    'that say a number, a word or nothing in other ways are refused unless the document allows them',
    async () => {
      const values = [
        '',
        'null',
        'true',
        '0',
        '-1',
        '+1',
        '1.5',
        '1e1',
        '1e308',
        '0x10',
        '010',
        ' 1',
        '1_0',
        '٣',
        'NaN',
        '[]',
        '{}',
      ];
      const make = ({ slots }: SweptRoute) =>
        slots
          .filter(({ place }) => place === 'query' || place === 'path')
          .flatMap((slot) => values.flatMap((value) => withText(slot, value) ?? []));
      await expectSound(make, 300);
    },
    SWEEP_MS,
  );
});

describe('text at the bounds of its rules', () => {
  it(
    'is taken up to them and refused beyond, in every parameter and member',
    async () => {
      const make = ({ slots, config }: SweptRoute) =>
        slots
          // A password that is taken costs its hash, and the text of every bound is one.
          .filter(({ schema }) => !config.sensitive || schema.format !== 'password')
          .flatMap((slot) => textsAround(slot.schema).flatMap((text) => withText(slot, text) ?? []));
      await expectSound(make, 150);
    },
    SWEEP_MS,
  );
});
