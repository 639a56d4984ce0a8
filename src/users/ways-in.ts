import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Problem } from '../errors/problem.js';

/** Whether somebody gets in by credentials of one kind. */
export type WayIn = (manager: EntityManager, userId: string) => Promise<boolean>;

/** What lets people in by itself registers here, so that the last of an account is not taken away by who does not know of the others. */
@Injectable()
export class WaysIn {
  private readonly ways = new Map<string, WayIn>();

  register(name: string, way: WayIn): void {
    this.ways.set(name, way);
  }

  /** Whether there is one, of another kind than that where one is named. */
  async exists(manager: EntityManager, userId: string, but?: string): Promise<boolean> {
    for (const [name, way] of this.ways) if (name !== but && (await way(manager, userId))) return true;
    return false;
  }

  /** In the transaction that has taken one away, with the user locked: two at once would each see the other's. Throws 409 `last_way_in`. */
  async requireOne(manager: EntityManager, userId: string): Promise<void> {
    if (!(await this.exists(manager, userId))) throw new Problem('last_way_in');
  }
}
