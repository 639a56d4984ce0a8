import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { calculateJwkThumbprint } from 'jose';
import { type EntityManager, Repository } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { inTransaction, lock, patiently } from '../database/transaction.js';
import { type Actor, SYSTEM } from '../security/principal.js';
import { deriveKey, Sealer } from '../security/sealing.js';
import { SigningKey } from './signing-key.entity.js';

const DAY_MS = 86_400_000;
/** How long verifiers may keep a JWKS; a key that rotates by age is published this long before it signs. */
const PUBLISH_AHEAD_MS = 600_000;
/** A retired key still verifies what it signed: the life of a token and the leeway of a verifier. */
const OVERLAP_SECONDS = 60;
const RELOAD_MS = 1000;
/** Longer than RELOAD_MS: every instance knows a new key before any of them signs with it. */
const FOLLOW_MS = 1500;

interface LoadedKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly jwk: JsonWebKey;
  readonly activeFrom: number;
  readonly retiredAt: number;
}

/** The keys of access tokens: in the database, sealed, shared by every instance, replaced without refusing a valid token. */
@Injectable()
export class SigningKeysService implements OnModuleInit {
  /** The one that signs last comes last. */
  private keys: readonly LoadedKey[] = [];
  private loadedAt = Number.NEGATIVE_INFINITY;
  private loading: Promise<void> | undefined;
  private readonly sealer: Sealer;

  constructor(
    @InjectRepository(SigningKey) private readonly repository: Repository<SigningKey>,
    private readonly audit: AuditService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {
    this.sealer = new Sealer(deriveKey(config.secretKey, 'signing keys'));
  }

  async onModuleInit(): Promise<void> {
    await inTransaction(this.repository.manager, async (manager) => {
      // Every instance of a start comes by here, one after the other.
      await patiently(manager);
      await lock(manager, 'signing keys');
      if (this.config.signingKey) await this.importPem(manager, this.config.signingKey, SYSTEM);
      else if (!(await manager.exists(SigningKey))) await this.insert(manager, newKey(), 'signing_key.created', SYSTEM);
    });
    await this.load();
  }

  /** The key that signs now, at most a second behind what another process has made of it. */
  async current(): Promise<{ kid: string; privateKey: KeyObject }> {
    await this.refresh();
    const now = Date.now();
    const live = this.keys.filter((key) => key.retiredAt > now);
    // None is active when the clock was set back behind the first: that one is known to whoever verifies, and nobody is locked out.
    const key = live.findLast(({ activeFrom }) => activeFrom <= now) ?? live[0];
    if (!key) throw new Error('there is no signing key');
    return key;
  }

  /** The public key with this kid, or null. */
  async findPublicKey(kid: string): Promise<KeyObject | null> {
    await this.refresh();
    return this.keys.find((key) => key.kid === kid && key.retiredAt > Date.now())?.publicKey ?? null;
  }

  /** RFC 7517: every key a valid token may be signed with, now or soon. */
  async jwks(): Promise<{ keys: JsonWebKey[] }> {
    await this.refresh();
    return { keys: this.keys.filter((key) => key.retiredAt > Date.now()).map(({ jwk }) => jwk) };
  }

  /** A new key signs within two seconds, in every instance; the old ones verify what they signed. Returns its kid. */
  rotate(actor: Actor): Promise<string> {
    return this.exchange((manager) => this.insert(manager, newKey(), 'signing_key.rotated', actor));
  }

  /** The same with a key of the operator's. Throws RangeError unless it is EC P-256 in PEM. */
  import(pem: string, actor: Actor): Promise<string> {
    return this.exchange((manager) => this.importPem(manager, pem, actor));
  }

  /** Rotates by age, published ahead. Called by one instance at a time. */
  async rotateWhenOld(): Promise<void> {
    await this.exchange(async (manager) => {
      const [newest] = await manager.find(SigningKey, { order: { activeFrom: 'DESC' }, take: 1 });
      const age = Date.now() - (newest?.activeFrom.getTime() ?? 0);
      if (this.config.signingKey || age < this.config.signingKeyMaxAgeDays * DAY_MS) return '';
      return this.insert(manager, newKey(), 'signing_key.rotated', SYSTEM, PUBLISH_AHEAD_MS);
    });
  }

  /**
   * Reads the keys again, at most once a second: an instance that only asked for unknown kids would sign with a replaced
   * key until nobody takes its tokens any more. Proofs are remembered, so the steady state asks nothing.
   */
  private async refresh(): Promise<void> {
    if (performance.now() - this.loadedAt >= RELOAD_MS) await this.load();
  }

  /** Parallel callers share one query. */
  private load(): Promise<void> {
    this.loading ??= this.read().finally(() => (this.loading = undefined));
    return this.loading;
  }

  private async read(): Promise<void> {
    const rows = await this.repository.find({ order: { activeFrom: 'ASC' } });
    this.keys = rows.map((row) => this.open(row));
    this.loadedAt = performance.now();
  }

  private async exchange(work: (manager: EntityManager) => Promise<string>): Promise<string> {
    const kid = await inTransaction(this.repository.manager, async (manager) => {
      await lock(manager, 'signing keys');
      return work(manager);
    });
    await this.load();
    return kid;
  }

  private async importPem(manager: EntityManager, pem: string, actor: Actor): Promise<string> {
    const privateKey = readPem(pem);
    const kid = await kidOf(privateKey);
    const stored = await manager.findOneBy(SigningKey, { kid });
    if (stored && stored.retiredAt === null) return kid;
    // A retired key that is given again signs again: to find it stored is not to find it in use.
    await manager.delete(SigningKey, { kid });
    return this.insert(manager, privateKey, 'signing_key.imported', actor);
  }

  private async insert(
    manager: EntityManager,
    privateKey: KeyObject,
    action: 'signing_key.created' | 'signing_key.imported' | 'signing_key.rotated',
    actor: Actor,
    aheadMs = FOLLOW_MS,
  ): Promise<string> {
    const first = !(await manager.exists(SigningKey));
    const activeFrom = new Date(Date.now() + (first ? 0 : aheadMs));
    const kid = await kidOf(privateKey);
    const publicJwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
    const retiredAt = new Date(activeFrom.getTime() + (this.config.accessTokenSeconds + OVERLAP_SECONDS) * 1000);
    await manager.query('UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL', [retiredAt]);
    // A key that was to sign later goes too: it would take over from this one, and be retired while its tokens are valid.
    await manager.query('DELETE FROM signing_keys WHERE retired_at < now() OR active_from > $1', [activeFrom]);
    const sealedPrivate = this.sealer.seal(privateKey.export({ format: 'der', type: 'pkcs8' }), kid);
    await manager.insert(SigningKey, {
      kid,
      algorithm: 'ES256',
      publicJwk: publicJwk as never,
      sealedPrivate,
      activeFrom,
    });
    await this.audit.record(manager, actor, action, null, { kid });
    return kid;
  }

  private open({ kid, sealedPrivate, publicJwk, activeFrom, retiredAt }: SigningKey): LoadedKey {
    const privateKey = createPrivateKey({ key: this.unseal(sealedPrivate, kid), format: 'der', type: 'pkcs8' });
    // A row that was put there by hand is held to what an import is: it would sign, or be published, all the same.
    if (!isP256(privateKey)) {
      throw new Error(`the signing key ${kid} in the database is not EC on P-256: delete its row from signing_keys`);
    }
    return {
      kid,
      privateKey,
      publicKey: createPublicKey(privateKey),
      jwk: publicJwk,
      activeFrom: activeFrom.getTime(),
      retiredAt: retiredAt?.getTime() ?? Number.POSITIVE_INFINITY,
    };
  }

  private unseal(sealed: Buffer, kid: string): Buffer {
    try {
      return this.sealer.open(sealed, kid);
    } catch {
      throw new Error('SECRET_KEY is not the one that sealed the signing keys in this database');
    }
  }
}

const isP256 = ({ asymmetricKeyDetails }: KeyObject): boolean => asymmetricKeyDetails?.namedCurve === 'prime256v1';

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** RFC 7638: the same key has the same id wherever it is imported. */
const kidOf = (key: KeyObject): Promise<string> =>
  calculateJwkThumbprint(createPublicKey(key).export({ format: 'jwk' }));

function readPem(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (isP256(key)) return key;
  } catch {
    throw new RangeError('the file is no private key in PEM, or one with a passphrase');
  }
  throw new RangeError('the key must be EC on P-256: access tokens are signed with ES256 only');
}
