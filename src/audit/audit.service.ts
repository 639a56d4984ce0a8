import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import type { Actor } from '../security/principal.js';
import { AuditEvent } from './audit-event.entity.js';

/** Everything that is audited, as `resource.verb`. */
export type AuditAction =
  | `user.${'registered' | 'invited' | 'accepted' | 'updated' | 'deleted' | 'deletion_requested' | 'deletion_undone'}`
  | `session.${'started' | 'ended' | 'reuse_detected'}`
  | `key.${'created' | 'updated' | 'rotated' | 'deleted'}`
  | `record.${'created' | 'updated' | 'deleted' | 'restored' | 'purged'}`
  | `signing_key.${'created' | 'imported' | 'rotated'}`;

/** Writes audit rows inside the caller's transaction: a change without its row cannot be committed (ASVS 16.3). */
@Injectable()
export class AuditService {
  /** Records one action. `details` holds ids, field names and numbers, never personal values. */
  async record(
    manager: EntityManager,
    actor: Actor,
    action: AuditAction,
    targetId: string | null,
    details: Record<string, unknown> | null = null,
  ): Promise<void> {
    const { kind: actorKind, subject: actorId, credentialId, requestId } = actor;
    const event = { id: uuid(), actorKind, actorId, credentialId, action, targetId, requestId };
    await manager.insert(AuditEvent, { ...event, details: details as object });
  }
}
