import { Inject, Injectable } from '@nestjs/common';
import { ApiKeyView } from '../api-keys/api-keys.dto.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { AuditService } from '../audit/audit.service.js';
import { SessionView } from '../auth/auth.dto.js';
import { PasswordsService } from '../auth/passwords.service.js';
import { SessionsService } from '../auth/sessions.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { DataListService } from '../data/data-list.service.js';
import { RecordView } from '../data/data.dto.js';
import type { Caller } from '../security/principal.js';
import { UserView } from '../users/users.dto.js';
import { UsersService } from '../users/users.service.js';

type Rows = AsyncIterable<object> | Iterable<object>;

/** The copy of everything stored about a person (GDPR article 15), without what would let anybody in. */
@Injectable()
export class ExportService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly keys: ApiKeysService,
    private readonly records: DataListService,
    private readonly audit: AuditService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** The text of one JSON document, a row at a time: as fast as it is read, and never whole in memory. */
  async *export(caller: Caller): AsyncGenerator<string> {
    const user = await this.users.getUser(caller.subject);
    const { emailVerifiedAt, deletionDueAt } = user;
    const passwordChangedAt = await this.passwords.findChangedAt(user.id);
    const profile = { ...UserView.from(user), emailVerifiedAt, deletionDueAt, passwordChangedAt };
    yield `{"user":${JSON.stringify(profile)}`;
    yield* list('sessions', this.sessionsOf(caller));
    const keys = await this.keys.list(caller);
    yield* list(
      'apiKeys',
      keys.map((key) => ApiKeyView.from(key, this.config.keyEnvironment)),
    );
    yield* list('audit', this.audit.about(caller.subject));
    yield* list('records', this.recordsOf(caller));
    yield '}';
  }

  private async *sessionsOf({ subject, credentialId }: Caller): AsyncGenerator<object> {
    for await (const session of this.sessions.all(subject)) {
      const { clientId, expiresAt: endsAt, endedAt } = session;
      yield { ...SessionView.from(session, credentialId), clientId, endsAt, endedAt };
    }
  }

  private async *recordsOf({ subject }: Caller): AsyncGenerator<object> {
    for await (const record of this.records.all(subject)) {
      yield { ...RecordView.from(record), deletedAt: record.deletedAt };
    }
  }
}

async function* list(name: string, rows: Rows): AsyncGenerator<string> {
  yield `,"${name}":[`;
  let separator = '';
  for await (const row of rows) {
    yield separator + JSON.stringify(row);
    separator = ',';
  }
  yield ']';
}
