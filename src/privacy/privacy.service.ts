import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ApiKeyView } from '../api-keys/api-keys.dto.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { SessionView } from '../auth/auth.dto.js';
import { PasswordsService } from '../auth/passwords.service.js';
import { SessionsService } from '../auth/sessions.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { retentionConfig } from '../config/retention.config.js';
import { DataListService } from '../data/data-list.service.js';
import { RecordView } from '../data/data.dto.js';
import { Housekeeping } from '../database/housekeeping.js';
import { Problem } from '../errors/problem.js';
import { type Caller, SYSTEM } from '../security/principal.js';
import { UserView } from '../users/users.dto.js';
import { UsersService } from '../users/users.service.js';

const DAY_MS = 86_400_000;
const ERASURES_A_RUN = 20;

/** What a person may ask about everything stored of them: a copy, and its end. */
@Injectable()
export class PrivacyService implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly keys: ApiKeysService,
    private readonly records: DataListService,
    private readonly dataSource: DataSource,
    private readonly housekeeping: Housekeeping,
    @Inject(retentionConfig.KEY) private readonly retention: ConfigOf<typeof retentionConfig>,
    @Inject(authConfig.KEY) private readonly auth: ConfigOf<typeof authConfig>,
  ) {}

  onModuleInit(): void {
    this.housekeeping.register('accounts whose grace period is over', () => this.eraseDue());
  }

  /** Everything stored about the caller, as the text of one JSON document, a piece at a time. */
  async *export(caller: Caller): AsyncGenerator<string> {
    const user = await this.users.getUser(caller.subject);
    const [sessions, keys, audit] = await Promise.all([
      this.sessions.list(caller),
      this.keys.list(caller),
      this.dataSource.query<unknown[]>(
        `SELECT at, action, target_id AS "targetId", details FROM audit_events WHERE actor_id = $1 OR target_id = $1
         ORDER BY at, id LIMIT 10000`,
        [caller.subject],
      ),
    ]);
    const head = {
      user: { ...UserView.from(user), deletionDueAt: user.deletionDueAt },
      sessions: sessions.map((session) => SessionView.from(session, caller.credentialId)),
      apiKeys: keys.map((key) => ApiKeyView.from(key, this.auth.keyEnvironment)),
      audit,
    };
    yield `${JSON.stringify(head).slice(0, -1)},"records":[`;
    let separator = '';
    for await (const record of this.records.all(caller.subject)) {
      yield `${separator}${JSON.stringify({ ...RecordView.from(record), deletedAt: record.deletedAt })}`;
      separator = ',';
    }
    yield ']}';
  }

  /** Schedules the end of the account. Throws 403 `password_wrong`, 409 `last_administrator`. */
  async requestDeletion(caller: Caller, password: string): Promise<Date> {
    const matches = await this.passwords.matches(caller.subject, password);
    if (!matches) throw new Problem('password_wrong');
    const dueAt = new Date(Date.now() + this.retention.deletionGraceDays * DAY_MS);
    await this.users.scheduleDeletion(caller, dueAt);
    return dueAt;
  }

  async undoDeletion(caller: Caller): Promise<void> {
    await this.users.scheduleDeletion(caller, null);
  }

  private async eraseDue(): Promise<void> {
    for (const id of await this.users.dueForDeletion(ERASURES_A_RUN)) await this.users.delete(SYSTEM, id);
  }
}
