import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Acts in the transaction that changed a user's standing. */
export type UserHandler = (manager: EntityManager, userId: string) => Promise<void>;

/** Who must act when the standing of a user changes registers here, so that users need not know its features. */
@Injectable()
export class UserChanges {
  private readonly disabledHandlers: UserHandler[] = [];
  private readonly reclaimedHandlers: UserHandler[] = [];

  onDisabled(handler: UserHandler): void {
    this.disabledHandlers.push(handler);
  }

  async disabled(manager: EntityManager, userId: string): Promise<void> {
    for (const handler of this.disabledHandlers) await handler(manager, userId);
  }

  /**
   * Somebody has proved by a mail that an account is theirs which nobody had proved before: whoever made it may have been another,
   * and whatever would let them in again has to go. Audited, told to the owner and revoked as a whole.
   */
  onReclaimed(handler: UserHandler): void {
    this.reclaimedHandlers.push(handler);
  }

  async reclaimed(manager: EntityManager, userId: string): Promise<void> {
    for (const handler of this.reclaimedHandlers) await handler(manager, userId);
  }
}
