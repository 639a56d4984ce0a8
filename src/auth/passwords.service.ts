import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { NIL } from 'uuid';
import { AttemptsService } from '../attempts/attempts.service.js';
import { Problem } from '../errors/problem.js';
import { UsersService } from '../users/users.service.js';
import { accountKey } from './account-key.js';
import { PasswordHasher } from './password-hasher.js';
import { Password } from './password.entity.js';

/** Whose password is asked for, and by whom. */
export interface Asked {
  /** Null for an address of nobody who may enter. */
  readonly userId: string | null;
  readonly email: string;
  /** From a device on which somebody was signed in as the person, or in a session of theirs. */
  readonly known: boolean;
}

/** What is stored of passwords, and whether one fits. */
@Injectable()
export class PasswordsService {
  constructor(
    @InjectRepository(Password) private readonly passwords: Repository<Password>,
    private readonly hasher: PasswordHasher,
    private readonly users: UsersService,
    private readonly attempts: AttemptsService,
  ) {}

  /** Hashes before a transaction begins: no connection waits for it. */
  hash(password: string): Promise<string> {
    return this.hasher.hash(password);
  }

  async store(manager: EntityManager, userId: string, hash: string): Promise<void> {
    await manager.upsert(Password, { userId, hash, changedAt: new Date() }, ['userId']);
  }

  async isSet(userId: string, manager = this.passwords.manager): Promise<boolean> {
    return manager.existsBy(Password, { userId });
  }

  /** When the user chose it; nothing where there is none. */
  copyOf(userId: string): Promise<object[]> {
    return this.passwords.find({ where: { userId }, select: { changedAt: true } });
  }

  /**
   * When the user chose this password, null where it is not theirs; takes the same time when there is no such user, whom the database is asked for too.
   * The only way to ask, so that every guess is counted. Throws 429 `rate_limited` after AUTH_ATTEMPTS wrong ones.
   */
  async matches({ userId, email, known }: Asked, password: string): Promise<Date | null> {
    const stored = await this.passwords.findOneBy({ userId: userId ?? NIL });
    const equal = await this.attempts.guardOf(this.attemptsOf(email), known, () =>
      this.hasher.verify(stored?.hash ?? null, password),
    );
    if (!equal || !stored) return null;
    await this.strengthen(stored, password);
    return stored.changedAt;
  }

  /**
   * Holds the password that was compared to the end of the transaction. Throws 401 `credentials_invalid` when another one was chosen meanwhile:
   * whoever waited with the old one has come too late.
   */
  async hold(manager: EntityManager, userId: string, changedAt: Date): Promise<void> {
    const held = 'SELECT 1 FROM passwords WHERE user_id = $1 AND changed_at = $2 FOR SHARE';
    const rows = await manager.query<unknown[]>(held, [userId, changedAt]);
    if (rows.length === 0) throw new Problem('credentials_invalid');
  }

  /** Forgets the wrong ones of before, in the transaction in which the owner of the address chose a new one. */
  async forgetAttempts(manager: EntityManager, email: string): Promise<void> {
    await this.attempts.clear(manager, this.attemptsOf(email));
  }

  private attemptsOf(email: string): string {
    return `password:${accountKey(this.users.emailKeyOf(email))}`;
  }

  /** The same password with what new hashes cost (ASVS 11.4.4): only now it is known. Where another one was chosen meanwhile, that one stays. */
  private async strengthen({ userId, hash }: Password, password: string): Promise<void> {
    if (!this.hasher.isWeaker(hash)) return;
    const stronger = await this.hasher.hash(password).catch(() => null);
    if (stronger) await this.passwords.update({ userId, hash }, { hash: stronger });
  }
}
