import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Acts in the transaction that changed a user's standing. */
export type UserHandler = (manager: EntityManager, userId: string) => Promise<void>;

/** Who must act when a user is disabled or deleted registers here, so that users need not know its features. */
@Injectable()
export class UserChanges {
  private readonly disabledHandlers: UserHandler[] = [];
  private readonly deletedHandlers: UserHandler[] = [];

  onDisabled(handler: UserHandler): void {
    this.disabledHandlers.push(handler);
  }

  /** Before the user's row goes: for what no foreign key takes along with it, or what is too much for one statement. */
  onDeleted(handler: UserHandler): void {
    this.deletedHandlers.push(handler);
  }

  async disabled(manager: EntityManager, userId: string): Promise<void> {
    for (const handler of this.disabledHandlers) await handler(manager, userId);
  }

  async deleted(manager: EntityManager, userId: string): Promise<void> {
    for (const handler of this.deletedHandlers) await handler(manager, userId);
  }
}
