import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from './principal.js';

/** What one feature stores of a person. */
export interface PersonalPart {
  /** Everything of the owner, as JSON objects without what would let anybody in. None where there is nothing to show. */
  export?(owner: Caller): AsyncIterable<object> | Iterable<object> | Promise<Iterable<object>>;
  /** Before the person's row goes, in its transaction: what no foreign key takes along, or what is too much for one statement. */
  erase?(manager: EntityManager, ownerId: string): Promise<void>;
}

/** Every feature registers what it knows of a person, so that nothing is forgotten and nobody has to know all of them. */
@Injectable()
export class PersonalData {
  private readonly registered = new Map<string, PersonalPart>();

  /** `name` is the member of the copy. */
  register(name: string, part: PersonalPart): void {
    if (this.registered.has(name)) throw new Error(`personal data is registered twice: ${name}`);
    this.registered.set(name, part);
  }

  parts(): ReadonlyMap<string, PersonalPart> {
    return this.registered;
  }

  async erase(manager: EntityManager, ownerId: string): Promise<void> {
    for (const part of this.registered.values()) await part.erase?.(manager, ownerId);
  }
}
