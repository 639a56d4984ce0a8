import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { PasswordsService } from '../auth/passwords.service.js';
import type { ConfigOf } from '../config/namespace.js';
import { retentionConfig } from '../config/retention.config.js';
import { Housekeeping } from '../database/housekeeping.js';
import { Problem } from '../errors/problem.js';
import type { Caller } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';

const DAY_MS = 86_400_000;
const ERASURES_A_STEP = 20;

/** The end of an account: asked for by the person, final after a grace period. */
@Injectable()
export class PrivacyService implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly housekeeping: Housekeeping,
    @Inject(retentionConfig.KEY) private readonly retention: ConfigOf<typeof retentionConfig>,
  ) {}

  onModuleInit(): void {
    this.housekeeping.register('accounts whose grace period is over', () => this.users.deleteDue(ERASURES_A_STEP));
  }

  /** Schedules the end of the account, once. Throws 403 `password_wrong`, 409 `last_administrator`. */
  async requestDeletion(caller: Caller, password: string): Promise<Date> {
    const { id: userId, email } = await this.users.getUser(caller.subject);
    const matches = await this.passwords.matches({ userId, email, known: true }, password);
    if (!matches) throw new Problem('password_wrong');
    const dueAt = new Date(Date.now() + this.retention.deletionGraceDays * DAY_MS);
    return (await this.users.scheduleDeletion(caller, dueAt)) ?? dueAt;
  }

  async undoDeletion(caller: Caller): Promise<void> {
    await this.users.scheduleDeletion(caller, null);
  }
}
