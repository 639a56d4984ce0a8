import type { JsonWebKey, KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { type SigningAlgorithm, signingAlgorithms } from '../config/signing-key.js';
import { type OpenedKey, SigningKeyMaterial } from './signing-key-material.js';
import { SigningKey } from './signing-key.entity.js';

const RELOAD_MS = 1000;

/** A private key in full: `kid`, `alg` and `use` beside what RFC 7518 section 6 has for its kind. */
export type PrivateJwk = JsonWebKey & { readonly kid: string; readonly alg: SigningAlgorithm; readonly use: 'sig' };

export interface SigningSet {
  /** Another one exactly when there are other keys, or they come in another order. */
  readonly version: string;
  readonly keys: readonly PrivateJwk[];
}

/** The keys that sign tokens: in the database, sealed, the same in every instance, at most a second old here. */
@Injectable()
export class SigningKeysService {
  /** The one that signs last comes last. */
  private keys: readonly OpenedKey[] = [];
  private set: SigningSet | undefined;
  private loadedAt = Number.NEGATIVE_INFINITY;
  private loading: Promise<void> | undefined;

  constructor(
    @InjectRepository(SigningKey) private readonly repository: Repository<SigningKey>,
    private readonly material: SigningKeyMaterial,
  ) {}

  /** The key that signs now, at most a second behind what another process has made of it. */
  async current(algorithm: SigningAlgorithm): Promise<{ kid: string; privateKey: KeyObject }> {
    const [key] = await this.live(algorithm);
    if (!key) throw new Error(`there is no signing key for ${algorithm}`);
    return key;
  }

  /** The public key of access tokens with this kid, or null: a key of ID tokens proves no access token. */
  async findPublicKey(kid: string): Promise<KeyObject | null> {
    return (await this.live('ES256')).find((key) => key.kid === kid)?.publicKey ?? null;
  }

  /** RFC 7517: every key a valid token may be signed with, now or soon. */
  async jwks(): Promise<{ keys: JsonWebKey[] }> {
    await this.refresh();
    return { keys: this.keys.filter((key) => key.retiredAt > Date.now()).map(({ jwk }) => jwk) };
  }

  /** The same keys to sign with: of each algorithm the one that signs now, then the others. */
  async signingSet(): Promise<SigningSet> {
    const keys = (await Promise.all(signingAlgorithms.map((algorithm) => this.live(algorithm)))).flat();
    const version = keys.map(({ kid }) => kid).join(' ');
    if (this.set?.version !== version) this.set = { version, keys: keys.map(privateJwk) };
    return this.set;
  }

  /** Reads the keys now, after they were changed. Parallel callers share one query. */
  reload(): Promise<void> {
    this.loading ??= this.read().finally(() => (this.loading = undefined));
    return this.loading;
  }

  /** Those of an algorithm that are not over, first the one that signs now. */
  private async live(algorithm: SigningAlgorithm): Promise<OpenedKey[]> {
    await this.refresh();
    const now = Date.now();
    const live = this.keys.filter((key) => key.algorithm === algorithm && key.retiredAt > now);
    // None is active when the clock was set back behind the first: that one is known to whoever verifies, and nobody is locked out.
    const signing = live.findLast(({ activeFrom }) => activeFrom <= now) ?? live[0];
    return signing ? [signing, ...live.filter((key) => key !== signing)] : [];
  }

  /**
   * Reads the keys again, at most once a second: an instance that only asked for unknown kids would sign with a replaced
   * key until nobody takes its tokens any more. Proofs are remembered, so the steady state asks nothing.
   */
  private async refresh(): Promise<void> {
    if (performance.now() - this.loadedAt >= RELOAD_MS) await this.reload();
  }

  private async read(): Promise<void> {
    const rows = await this.repository.find({
      // Those of a later build are not for this one, which may run beside it.
      where: { algorithm: In(signingAlgorithms) },
      order: { activeFrom: 'ASC', algorithm: 'ASC', kid: 'ASC' },
    });
    this.keys = rows.map((row) => this.material.open(row));
    this.loadedAt = performance.now();
  }
}

const privateJwk = ({ privateKey, kid, algorithm }: OpenedKey): PrivateJwk => ({
  ...privateKey.export({ format: 'jwk' }),
  kid,
  alg: algorithm,
  use: 'sig',
});
