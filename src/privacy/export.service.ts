import { Injectable } from '@nestjs/common';
import { PersonalData } from '../security/personal-data.js';
import type { Caller } from '../security/principal.js';
import { UserView } from '../users/users.dto.js';
import { UsersService } from '../users/users.service.js';

/** The copy of everything stored about a person (GDPR article 15): who they are, then what each feature has registered. */
@Injectable()
export class ExportService {
  constructor(
    private readonly users: UsersService,
    private readonly personal: PersonalData,
  ) {}

  /** The text of one JSON document, a row at a time: as fast as it is read, and never whole in memory. */
  async *export(caller: Caller): AsyncGenerator<string> {
    const user = await this.users.getUser(caller.subject);
    const { emailVerifiedAt, deletionDueAt } = user;
    yield `{"user":${JSON.stringify({ ...UserView.from(user), emailVerifiedAt, deletionDueAt })}`;
    for (const [name, part] of this.personal.parts()) {
      if (!part.export) continue;
      yield `,${JSON.stringify(name)}:[`;
      let separator = '';
      for await (const row of await part.export(caller)) {
        yield separator + JSON.stringify(row);
        separator = ',';
      }
      yield ']';
    }
    yield '}';
  }
}
