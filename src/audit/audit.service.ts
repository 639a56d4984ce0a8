import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { NIL, v7 as uuid } from 'uuid';
import { inserting } from '../database/insert.js';
import { walk } from '../database/walk.js';
import { PersonalData } from '../security/personal-data.js';
import type { Actor } from '../security/principal.js';
import { AuditEvent } from './audit-event.entity.js';

/** Everything that is audited, as `resource.verb`. */
export type AuditAction =
  | `user.${'registered' | 'email_verified' | 'email_changed' | 'password_changed' | 'password_reset' | 'invited' | 'accepted' | 'updated' | 'deleted' | 'deletion_requested' | 'deletion_undone' | 'mfa_reset' | 'reclaimed'}`
  | `totp.${'enabled' | 'disabled'}`
  | `recovery_code${'s.created' | '.used'}`
  | `session.${'started' | 'stepped_up' | 'ended' | 'reuse_detected'}`
  | `key.${'created' | 'updated' | 'rotated' | 'deleted'}`
  | `client.${'created' | 'changed' | 'secret_rotated' | 'deleted'}`
  | `grant.${'given' | 'ended' | 'reuse_detected'}`
  | 'access_token.revoked'
  | `passkey.${'created' | 'updated' | 'deleted' | 'counter_lowered'}`
  | `outside_account.${'linked' | 'unlinked'}`
  | `record.${'created' | 'updated' | 'deleted' | 'restored' | 'purged'}`
  | `signing_key.${'created' | 'imported' | 'rotated'}`;

/** A row as the person it is about may see it: of what somebody else did, not who, with what, or in which request. */
export interface PersonalAuditEvent {
  readonly id: string;
  readonly at: Date;
  readonly actorKind: string;
  readonly action: string;
  readonly targetId: string | null;
  readonly details: Record<string, unknown> | null;
  readonly credentialId: string | null;
  readonly requestId: string | null;
}

const after = (condition: string) =>
  `(SELECT at, id FROM audit_events WHERE ${condition} AND (at, id) > ($2, $3) ORDER BY at, id LIMIT $4)`;

/** What a person did, what was done to them, and what is theirs by its details: each from an index of its own. */
const ABOUT = `
  WITH mine AS (${[`actor_id = $1`, `target_id = $1`, `details ->> 'userId' = $1::text`].map(after).join(' UNION ')}
    ORDER BY at, id LIMIT $4)
  SELECT id, e.at, actor_kind AS "actorKind", action, target_id AS "targetId", details,
    CASE WHEN actor_id = $1 THEN credential_id END AS "credentialId",
    CASE WHEN actor_id = $1 THEN request_id END AS "requestId"
  FROM mine JOIN audit_events e USING (id) ORDER BY e.at, id`;

/** Writes audit rows inside the caller's transaction: a change without its row cannot be committed (ASVS 16.3). */
@Injectable()
export class AuditService {
  constructor(
    private readonly dataSource: DataSource,
    personalData: PersonalData,
  ) {
    // Its rows stay when the person goes: they hold ids, and nothing that says whose.
    personalData.register('audit', { export: ({ subject }) => this.about(subject) });
  }

  /** Every row about a person, the oldest first. */
  private about(userId: string): AsyncGenerator<PersonalAuditEvent> {
    return walk((last, size) => this.dataSource.query(ABOUT, [userId, last?.at ?? new Date(0), last?.id ?? NIL, size]));
  }

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
    await inserting(manager, AuditEvent, { ...event, details: details as object }).execute();
  }
}
