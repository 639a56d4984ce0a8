import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { NIL } from 'uuid';
import { PasswordHasher } from './password-hasher.js';
import { Password } from './password.entity.js';

/** What is stored of passwords, and whether one fits. */
@Injectable()
export class PasswordsService {
  constructor(
    @InjectRepository(Password) private readonly passwords: Repository<Password>,
    private readonly hasher: PasswordHasher,
  ) {}

  /** Hashes before a transaction begins: no connection waits for it. */
  hash(password: string): Promise<string> {
    return this.hasher.hash(password);
  }

  async store(manager: EntityManager, userId: string, hash: string): Promise<void> {
    await manager.upsert(Password, { userId, hash, changedAt: new Date() }, ['userId']);
  }

  /** When the user chose it; nothing where there is none. */
  copyOf(userId: string): Promise<object[]> {
    return this.passwords.find({ where: { userId }, select: { changedAt: true } });
  }

  /** Whether this is the user's password; takes the same time when there is no such user, whom the database is asked for too. */
  async matches(userId: string | null, password: string): Promise<boolean> {
    const stored = await this.passwords.findOneBy({ userId: userId ?? NIL });
    const equal = await this.hasher.verify(stored?.hash ?? null, password);
    if (equal && stored && this.hasher.isWeaker(stored.hash)) await this.strengthen(stored, password);
    return equal;
  }

  /** The same password with what new hashes cost (ASVS 11.4.4): only now it is known. Where another one was chosen meanwhile, that one stays. */
  private async strengthen({ userId, hash }: Password, password: string): Promise<void> {
    const stronger = await this.hasher.hash(password).catch(() => null);
    if (stronger) await this.passwords.update({ userId, hash }, { hash: stronger });
  }
}
