import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { mailConfig } from '../config/mail.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { inserting } from '../database/insert.js';
import { deriveKey } from '../security/sealing.js';
import { OutgoingMail } from './outgoing-mail.entity.js';

/** What a feature wants sent. */
export interface MailRequest {
  readonly kind: string;
  readonly userId: string | null;
  readonly payload: Record<string, string>;
  /** Seconds after which it is of no use to anybody. */
  readonly usefulSeconds: number;
}

/** A mail in words, and whose account it is about. */
export interface Letter {
  readonly userId: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export type Taken = Pick<OutgoingMail, 'id' | 'kind' | 'userId' | 'payload' | 'attempts' | 'uncertain'>;

/** Writes a mail when it is sent; null when there is nobody to send it to. The same mail may be asked for again. */
export type Compose = (mail: Taken) => Promise<Letter | null>;

interface Kind {
  readonly compose: Compose;
  readonly mostAnHour: number;
}

/**
 * Mail that is sent when the change it tells of is committed, and not otherwise: a request puts a row into its own transaction, and
 * never meets the mail server. Features register how each kind of mail is written.
 */
@Injectable()
export class Outbox {
  private readonly kinds = new Map<string, Kind>();
  private readonly listeners: (() => void)[] = [];
  private readonly key: Buffer;

  constructor(@Inject(mailConfig.KEY) private readonly config: ConfigOf<typeof mailConfig>) {
    this.key = deriveKey(config.secretKey, 'tokens in mails');
  }

  /** How mails of a kind are written, and how many of them one person may get within an hour. */
  register(kind: string, compose: Compose, { mostAnHour = Number.POSITIVE_INFINITY } = {}): void {
    if (this.kinds.has(kind)) throw new Error(`a kind of mail is registered twice: ${kind}`);
    this.kinds.set(kind, { compose, mostAnHour });
  }

  /** Undefined for what another version put there. */
  kindOf(kind: string): Kind | undefined {
    return this.kinds.get(kind);
  }

  /** Told when something was put, which is not committed yet. */
  onPut(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Puts a mail into the transaction; answers its id. */
  async put(manager: EntityManager, { kind, userId, payload, usefulSeconds }: MailRequest): Promise<string> {
    const id = uuid();
    const expiresAt = new Date(Date.now() + usefulSeconds * 1000);
    await inserting(manager, OutgoingMail, { id, kind, userId, payload, expiresAt }).execute();
    for (const listener of this.listeners) listener();
    return id;
  }

  /** Takes back what has not left yet. */
  async withdraw(manager: EntityManager, userId: string, kind: string): Promise<void> {
    await manager.query('DELETE FROM outgoing_mails WHERE user_id = $1 AND kind = $2 AND sent_at IS NULL', [
      userId,
      kind,
    ]);
  }

  /** A page with a secret: never at what a request says of its host; in the fragment, so that a browser sends it to nobody and no log has it. */
  linkTo(page: string, token: string): string {
    return `${this.config.publicUrl}/${page}#token=${token}`;
  }

  /** The secret of a mail: 256 bits, the same whenever its text is written again, and stored nowhere. */
  tokenOf(mailId: string): string {
    return createHmac('sha256', this.key).update(mailId).digest('base64url');
  }
}
