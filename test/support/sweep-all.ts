import { isDeepStrictEqual } from 'node:util';
import { footprintOf } from './footprint.js';
import type { Hostile, Sweep } from './sweep.js';
import type { SweptRoute } from './swept-routes.js';

/** What came of a sweep over all routes. */
export interface Swept {
  readonly faults: readonly string[];
  readonly sent: number;
  readonly taken: number;
}

/** Sends what is made for each route: first what must be refused, which must write nothing, then what may be taken. */
export async function sweepAll(sweep: Sweep, make: (route: SweptRoute) => readonly Hostile[]): Promise<Swept> {
  const faults: string[] = [];
  const total = { sent: 0, taken: 0 };
  for (const route of sweep.routes) {
    const all = make(route);
    await sweep.prepare(route);
    const before = await footprintOf(sweep.app.db);
    const refused = await sweep.send(
      route,
      all.filter(({ legal }) => !legal),
    );
    if (!isDeepStrictEqual(await footprintOf(sweep.app.db), before)) refused.faults.push('writes when it refuses');
    const others = await sweep.send(
      route,
      all.filter(({ legal }) => legal),
    );
    faults.push(...[...refused.faults, ...others.faults].map((fault) => `${route.key} ${fault}`));
    total.sent += all.length;
    total.taken += others.taken;
  }
  return { faults, ...total };
}
