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
    return this.hasher.verify(stored?.hash ?? null, password);
  }
}
