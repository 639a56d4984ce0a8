import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withText } from '../support/hostile-input.js';
import { naughtyStrings, sampleOf } from '../support/naughty.js';
import { startSweep, type Sweep } from '../support/sweep.js';
import { sweepAll } from '../support/sweep-all.js';
import type { Slot, SweptRoute } from '../support/swept-routes.js';

const SWEEP_MS = 120_000;

let sweep: Sweep;
beforeAll(async () => {
  sweep = await startSweep();
});
afterAll(() => sweep.stop());

const isFree = ({ schema, place }: Slot): boolean =>
  schema.type === 'string' && !schema.enum && !schema.format && place !== 'path';
const ruleOf = ({ name, schema: { minLength, maxLength } }: Slot): string => [name, minLength, maxLength].join();

/**
 * Free text gets them all, in parts where several routes write it by one rule. What is a word of a list, a number or an id
 * refuses nearly all of them, and hashing a password takes long.
 */
function stringsFor({ config }: SweptRoute, slot: Slot): readonly string[] {
  const alike = sweep.routes.flatMap(({ slots }) => slots).filter((each) => ruleOf(each) === ruleOf(slot));
  const index = alike.indexOf(slot);
  if (config.sensitive) return sampleOf(naughtyStrings, 12, index);
  if (!isFree(slot)) return sampleOf(naughtyStrings, 6, index);
  return slot.place === 'body' ? sampleOf(naughtyStrings, alike.length, index) : naughtyStrings;
}

describe('every text, in every parameter and member of every route', () => {
  it(
    'is taken as it is or refused with a problem, and refused ones write nothing',
    async () => {
      expect(naughtyStrings.length).toBeGreaterThan(500);
      const { faults, sent, taken } = await sweepAll(sweep, (route) =>
        route.slots.flatMap((slot) => stringsFor(route, slot).flatMap((text) => withText(slot, text) ?? [])),
      );
      expect(faults).toEqual([]);
      expect(sent).toBeGreaterThan(5000);
      expect(taken).toBeGreaterThan(1500);
    },
    SWEEP_MS,
  );
});
