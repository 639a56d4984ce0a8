import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, MoreThan, Repository } from 'typeorm';
import { NIL, v7 as uuid } from 'uuid';
import { Housekeeping } from '../database/housekeeping.js';
import { inserting } from '../database/insert.js';
import { walk } from '../database/walk.js';
import { type Letter, Outbox, type Taken } from '../mail/outbox.service.js';
import { PersonalData } from '../security/personal-data.js';
import type { Caller } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';
import { letterOf } from './letters.js';
import { SecurityEventView } from './security-events.dto.js';
import { SecurityEvent, type SecurityEventKind } from './security-event.entity.js';

/** Where somebody did something from. */
export interface Origin {
  readonly userAgent: string | null;
  readonly network: string | null;
}

interface Circumstances extends Partial<Origin> {
  /** Who is told, where that is not the address that the account has when the mail leaves. */
  readonly to?: string;
}

const SHOWN = 100;
/** Longer than any attack goes unnoticed by its reader. */
const USEFUL_SECONDS = 7 * 86_400;

/** Tells the owner of an account what happened to it: a row and a mail, in the transaction in which it happens (ASVS 6.3.7). */
@Injectable()
export class SecurityEventsService implements OnModuleInit {
  constructor(
    @InjectRepository(SecurityEvent) private readonly events: Repository<SecurityEvent>,
    private readonly users: UsersService,
    private readonly outbox: Outbox,
    private readonly personalData: PersonalData,
    private readonly housekeeping: Housekeeping,
  ) {}

  onModuleInit(): void {
    this.outbox.register('security_event', (mail) => this.write(mail));
    this.personalData.register('securityEvents', { export: (owner) => this.copyOf(owner) });
    this.housekeeping.registerSql(
      'security events older than a year',
      `DELETE FROM security_events WHERE id = ANY (ARRAY(SELECT id FROM security_events
         WHERE at < now() - interval '1 year' ORDER BY at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    );
  }

  async record(
    manager: EntityManager,
    userId: string,
    kind: SecurityEventKind,
    { userAgent = null, network = null, to }: Circumstances = {},
  ): Promise<void> {
    const id = uuid();
    await inserting(manager, SecurityEvent, { id, userId, kind, userAgent, network }).execute();
    const payload = { event: id, ...(to !== undefined && { to }) };
    await this.outbox.put(manager, { kind: 'security_event', userId, payload, usefulSeconds: USEFUL_SECONDS });
  }

  /** The newest first; bounded. */
  list({ subject: userId }: Caller): Promise<SecurityEvent[]> {
    return this.events.find({ where: { userId }, order: { at: 'DESC', id: 'DESC' }, take: SHOWN });
  }

  private async *copyOf({ subject: userId }: Caller): AsyncGenerator<object> {
    const events = walk<SecurityEvent>((last, size) =>
      this.events.find({ where: { userId, id: MoreThan(last?.id ?? NIL) }, order: { id: 'ASC' }, take: size }),
    );
    for await (const event of events) yield SecurityEventView.from(event);
  }

  private async write({ payload }: Taken): Promise<Letter | null> {
    const event = payload['event'] ? await this.events.findOneBy({ id: payload['event'] }) : null;
    const user = event && (await this.users.findById(event.userId));
    return user && event ? { userId: user.id, to: payload['to'] ?? user.email, ...letterOf(event) } : null;
  }
}
