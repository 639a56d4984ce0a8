import type { KeyObject } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { readSigningKey, type SigningAlgorithm, signingAlgorithms } from '../config/signing-key.js';
import { inTransaction, lock, patiently } from '../database/transaction.js';
import { type Actor, SYSTEM } from '../security/principal.js';
import { newKey, SigningKeyMaterial } from './signing-key-material.js';
import { SigningKey } from './signing-key.entity.js';
import { SigningKeysService } from './signing-keys.service.js';

const DAY_MS = 86_400_000;
/** How long verifiers may keep a JWKS; a key that rotates by age is published this long before it signs. */
const PUBLISH_AHEAD_MS = 600_000;
/** A retired key still verifies what it signed: the life of a token and the leeway of a verifier. */
const OVERLAP_SECONDS = 60;
/** Longer than an instance goes without reading the keys: every one knows a new key before any of them signs with it. */
const FOLLOW_MS = 1500;

/** A key that signs from now on, or soon. */
export type MadeKey = Pick<SigningKey, 'kid' | 'algorithm'>;
type Action = 'signing_key.created' | 'signing_key.imported' | 'signing_key.rotated';

/** Makes signing keys and replaces them, one of each algorithm, without refusing a token that is valid. */
@Injectable()
export class SigningKeyChanges implements OnModuleInit {
  /** What `SIGNING_KEY` gives: it decides for its algorithm alone. */
  private readonly given: ReturnType<typeof readSigningKey> | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: SigningKeysService,
    private readonly material: SigningKeyMaterial,
    private readonly audit: AuditService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {
    this.given = config.signingKey ? readSigningKey(config.signingKey) : undefined;
  }

  async onModuleInit(): Promise<void> {
    await this.exchange(async (manager) => {
      if (this.given) await this.take(manager, this.given.privateKey, SYSTEM);
      for (const algorithm of signingAlgorithms) {
        if (await manager.existsBy(SigningKey, { algorithm })) continue;
        await this.insert(manager, await newKey(algorithm), 'signing_key.created', SYSTEM);
      }
    });
  }

  /** A new key of each of these signs within two seconds, in every instance; the old ones verify what they signed. */
  async rotate(actor: Actor, algorithms: readonly SigningAlgorithm[] = signingAlgorithms): Promise<MadeKey[]> {
    const fresh = await Promise.all(algorithms.map((algorithm) => newKey(algorithm)));
    return this.exchange(async (manager) => {
      const made: MadeKey[] = [];
      for (const key of fresh) made.push(await this.insert(manager, key, 'signing_key.rotated', actor));
      return made;
    });
  }

  /** The same with a key of the operator's, for its algorithm. Throws RangeError unless it is EC P-256 or RSA, in PEM. */
  import(pem: string, actor: Actor): Promise<MadeKey> {
    const { privateKey } = readSigningKey(pem);
    return this.exchange((manager) => this.take(manager, privateKey, actor));
  }

  /** Rotates by age, published ahead. Safe in several instances at once. */
  async rotateWhenOld(): Promise<void> {
    await this.exchange(async (manager) => {
      for (const algorithm of signingAlgorithms) {
        if (algorithm === this.given?.algorithm || !(await this.isOld(manager, algorithm))) continue;
        await this.insert(manager, await newKey(algorithm), 'signing_key.rotated', SYSTEM, PUBLISH_AHEAD_MS);
      }
    });
  }

  private async isOld(manager: EntityManager, algorithm: SigningAlgorithm): Promise<boolean> {
    const [newest] = await manager.find(SigningKey, { where: { algorithm }, order: { activeFrom: 'DESC' }, take: 1 });
    return Date.now() - (newest?.activeFrom.getTime() ?? 0) >= this.config.signingKeyMaxAgeDays * DAY_MS;
  }

  /** Under one lock: every instance of a start comes by here, one after the other. */
  private async exchange<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const made = await inTransaction(this.dataSource, async (manager) => {
      await patiently(manager);
      await lock(manager, 'signing keys');
      return work(manager);
    });
    await this.keys.reload();
    return made;
  }

  private async take(manager: EntityManager, privateKey: KeyObject, actor: Actor): Promise<MadeKey> {
    const { kid, algorithm } = await this.material.seal(privateKey);
    const stored = await manager.findOneBy(SigningKey, { kid });
    if (stored && stored.retiredAt === null) return { kid, algorithm };
    // A retired key that is given again signs again: to find it stored is not to find it in use.
    await manager.delete(SigningKey, { kid });
    return this.insert(manager, privateKey, 'signing_key.imported', actor);
  }

  private async insert(
    manager: EntityManager,
    privateKey: KeyObject,
    action: Action,
    actor: Actor,
    aheadMs = FOLLOW_MS,
  ): Promise<MadeKey> {
    const { publicJwk, ...sealed } = await this.material.seal(privateKey);
    const { kid, algorithm } = sealed;
    const first = !(await manager.existsBy(SigningKey, { algorithm }));
    const activeFrom = new Date(Date.now() + (first ? 0 : aheadMs));
    await this.retire(manager, algorithm, activeFrom);
    await manager.insert(SigningKey, { ...sealed, publicJwk: publicJwk as never, activeFrom });
    await this.audit.record(manager, actor, action, null, { kid, algorithm });
    return { kid, algorithm };
  }

  /** Keys of one algorithm: what signs with the other is not touched. */
  private async retire(manager: EntityManager, algorithm: SigningAlgorithm, from: Date): Promise<void> {
    const { accessTokenSeconds, idTokenSeconds } = this.config;
    const life = algorithm === 'ES256' ? accessTokenSeconds : idTokenSeconds;
    const retiredAt = new Date(from.getTime() + (life + OVERLAP_SECONDS) * 1000);
    await manager.query('UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL AND algorithm = $2', [
      retiredAt,
      algorithm,
    ]);
    // A key that was to sign later goes too: it would take over from this one, and be retired while its tokens are valid.
    await manager.query('DELETE FROM signing_keys WHERE retired_at < now() OR (active_from > $1 AND algorithm = $2)', [
      from,
      algorithm,
    ]);
  }
}
