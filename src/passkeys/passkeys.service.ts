import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import { DataSource, type EntityManager, Repository } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { inTransaction, violates } from '../database/transaction.js';
import { invalidInput, Problem } from '../errors/problem.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import type { Device } from '../security/device.js';
import type { Caller } from '../security/principal.js';
import { Revocations } from '../security/revocations.js';
import { UsersService } from '../users/users.service.js';
import { WaysIn } from '../users/ways-in.js';
import { PasskeyOptions } from './passkey-options.service.js';
import { PasskeyVerifier } from './passkey-verifier.service.js';
import { Passkey } from './passkey.entity.js';
import type { RegisterPasskey } from './passkeys.dto.js';

/** More than anybody has devices; a bound on what one person can make this table and the options of a browser hold. */
const MAX_PASSKEYS = 20;

/** What comes and goes with the passkeys of a person, in the same transaction. */
export interface Companion {
  /** What its owner is shown, once. */
  created(manager: EntityManager, userId: string): Promise<string[] | undefined>;
  deleted(manager: EntityManager, userId: string): Promise<void>;
}

interface NewPasskey {
  readonly passkey: Passkey;
  readonly recoveryCodes: string[] | undefined;
}

/** Passkeys of their owner, who is told of each that is made or goes. What an account has of them is part of its cached standing. */
@Injectable()
export class PasskeysService {
  private companion: Companion | undefined;

  constructor(
    @InjectRepository(Passkey) private readonly passkeys: Repository<Passkey>,
    private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly waysIn: WaysIn,
    private readonly options: PasskeyOptions,
    private readonly verifier: PasskeyVerifier,
    private readonly audit: AuditService,
    private readonly events: SecurityEventsService,
    private readonly revocations: Revocations,
  ) {}

  /** Registers who acts when they change, so that passkeys need not know other factors. */
  accompany(companion: Companion): void {
    this.companion = companion;
  }

  /** What a browser needs to make one, once, within five minutes. Throws 503 `passkeys_unavailable`. */
  async registrationOptions(owner: Caller): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const [user, existing] = await Promise.all([this.users.getUser(owner.subject), this.list(owner)]);
    const { id, email, displayName, username } = user;
    return this.options.creation({ id, name: email, displayName: displayName ?? username ?? email }, existing);
  }

  /** Keeps a new one. Throws 400 for a response that was not accepted, 409 when it is known already or there are too many, and 503. */
  async register(owner: Caller, { name, response }: RegisterPasskey, device: Device): Promise<NewPasskey> {
    const attested = await this.verifier.attested(owner.subject, response);
    if (!attested) throw notAccepted();
    const { transports = [] } = response.response;
    const row = { ...attested, id: uuid(), userId: owner.subject, name, transports, lastUsedAt: null };
    return this.changing(owner.subject, async (manager) => {
      const passkey = await this.insert(manager, owner, row, device);
      return { passkey, recoveryCodes: await this.companion?.created(manager, owner.subject) };
    });
  }

  private async insert(
    manager: EntityManager,
    owner: Caller,
    row: Omit<Passkey, 'createdAt'>,
    device: Device,
  ): Promise<Passkey> {
    if ((await manager.countBy(Passkey, { userId: owner.subject })) >= MAX_PASSKEYS) {
      throw new Problem('conflict', { detail: `You have ${MAX_PASSKEYS} passkeys; delete one first.` });
    }
    const passkey = await manager.save(Passkey, manager.create(Passkey, row)).catch(rejectKnown);
    await this.audit.record(manager, owner, 'passkey.created', passkey.id);
    await this.events.record(manager, owner.subject, 'passkey.created', device);
    return passkey;
  }

  /** The oldest first; bounded. */
  list({ subject: userId }: Pick<Caller, 'subject'>): Promise<Passkey[]> {
    return this.passkeys.find({ where: { userId }, order: { createdAt: 'ASC', id: 'ASC' } });
  }

  countOf(userId: string, manager = this.passkeys.manager): Promise<number> {
    return manager.countBy(Passkey, { userId });
  }

  /** Whether one of them lets in without a password. */
  isWayIn(userId: string, manager: EntityManager): Promise<boolean> {
    return manager.existsBy(Passkey, { userId, uvInitialized: true });
  }

  /** Throws 404. */
  async rename(owner: Caller, id: string, name: string): Promise<Passkey> {
    return inTransaction(this.dataSource, async (manager) => {
      const passkey = await this.lockOwn(manager, owner, id);
      await manager.update(Passkey, { id }, { name });
      await this.audit.record(manager, owner, 'passkey.updated', id, { fields: ['name'] });
      return { ...passkey, name };
    });
  }

  /** Nobody gets in with it any more. Throws 404, and 409 `last_way_in`. */
  async delete(owner: Caller, id: string, device: Device): Promise<void> {
    await this.changing(owner.subject, async (manager) => {
      await this.lockOwn(manager, owner, id);
      await manager.delete(Passkey, { id });
      await this.waysIn.requireOne(manager, owner.subject);
      await this.audit.record(manager, owner, 'passkey.deleted', id);
      await this.events.record(manager, owner.subject, 'passkey.deleted', device);
      await this.companion?.deleted(manager, owner.subject);
    });
  }

  /** All of a person's; answers how many there were. The caller audits, tells the owner, and records the revocation of the user. */
  async deleteAllOf(manager: EntityManager, userId: string): Promise<number> {
    const { affected } = await manager.delete(Passkey, { userId });
    return affected ?? 0;
  }

  private async lockOwn(manager: EntityManager, { subject: userId }: Caller, id: string): Promise<Passkey> {
    const passkey = await manager.findOne(Passkey, { where: { id, userId }, lock: { mode: 'pessimistic_write' } });
    if (!passkey) throw new Problem('not_found');
    return passkey;
  }

  /** Changes what the account has, and makes every instance forget what it knew of it. */
  private async changing<T>(userId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const result = await inTransaction(this.dataSource, async (manager) => {
      // One change of a person's factors at a time, or a count taken by many at once would let all of them through.
      await manager.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [userId]);
      const changed = await work(manager);
      await this.revocations.record(manager, [userId]);
      return changed;
    });
    this.revocations.applied([userId]);
    return result;
  }
}

/** Not 401: who asks is known, and stays signed in. */
const notAccepted = (): Problem =>
  invalidInput([{ pointer: '/response', code: 'passkey', detail: 'Was not accepted; ask for new options.' }]);

function rejectKnown(error: unknown): never {
  if (violates(error, 'passkeys_credential_id'))
    throw new Problem('conflict', { detail: 'This passkey is known already.' });
  throw error;
}
