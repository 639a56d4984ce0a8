import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Acts in the transaction that changed a user's standing. */
export type UserHandler = (manager: EntityManager, userId: string) => Promise<void>;

/** Who must act when a user is disabled registers here, so that users need not know its features. */
@Injectable()
export class UserChanges {
  private readonly disabledHandlers: UserHandler[] = [];

  onDisabled(handler: UserHandler): void {
    this.disabledHandlers.push(handler);
  }

  async disabled(manager: EntityManager, userId: string): Promise<void> {
    for (const handler of this.disabledHandlers) await handler(manager, userId);
  }
}
