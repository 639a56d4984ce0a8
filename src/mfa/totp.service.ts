import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { PRODUCT } from '../config/product.js';
import { Housekeeping } from '../database/housekeeping.js';
import { Problem } from '../errors/problem.js';
import { deriveKey, Sealer } from '../security/sealing.js';
import { TotpFactor } from './totp-factor.entity.js';

/** RFC 4226 section 4 recommends 160 bits. */
const SECRET_BYTES = 20;
/** What every authenticator does; many take nothing else. */
const FORM = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** Steps to either side (RFC 6238 section 5.2). */
const DRIFT = 1;

/** One-time passwords (RFC 6238). The secret is stored sealed; of each code one use is accepted, and none of a step before it (ASVS 6.5.1). */
@Injectable()
export class TotpService implements OnModuleInit {
  private readonly sealer: Sealer;

  constructor(
    @InjectRepository(TotpFactor) private readonly factors: Repository<TotpFactor>,
    private readonly housekeeping: Housekeeping,
    @Inject(authConfig.KEY) { secretKey }: ConfigOf<typeof authConfig>,
  ) {
    this.sealer = new Sealer(deriveKey(secretKey, 'one-time passwords'));
  }

  onModuleInit(): void {
    this.housekeeping.registerSql(
      'secrets that nobody confirmed',
      `DELETE FROM totp_factors WHERE user_id = ANY (ARRAY(SELECT user_id FROM totp_factors
         WHERE confirmed_at IS NULL AND created_at < now() - interval '1 hour'
         ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    );
  }

  /** A new secret in place of one that was not confirmed: in base 32, and as the URL that authenticators read. Throws 409 when one is confirmed. */
  async begin({ id: userId, email }: { id: string; email: string }): Promise<{ secret: string; otpauthUrl: string }> {
    const { Secret, TOTP } = await import('otpauth');
    const secret = new Secret({ size: SECRET_BYTES });
    const sealed = this.sealer.seal(Buffer.from(secret.bytes), contextOf(userId));
    const [row] = await this.factors.query<unknown[]>(
      `INSERT INTO totp_factors (user_id, sealed_secret) VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, created_at = now()
         WHERE totp_factors.confirmed_at IS NULL RETURNING 1`,
      [userId, sealed],
    );
    if (!row) throw new Problem('conflict', { detail: 'One-time passwords are on; turn them off first.' });
    const otpauthUrl = new TOTP({ ...FORM, issuer: PRODUCT, label: email, secret }).toString();
    return { secret: secret.base32, otpauthUrl };
  }

  /** Makes the secret a factor by a code of it. False for a wrong one, or when there is none to confirm. */
  confirm(manager: EntityManager, userId: string, code: string): Promise<boolean> {
    return this.accept(manager, userId, code, 'confirmed_at IS NULL');
  }

  /** Whether it is a code of the person's factor that was not used before; it is now. */
  verify(manager: EntityManager, userId: string, code: string): Promise<boolean> {
    return this.accept(manager, userId, code, 'confirmed_at IS NOT NULL');
  }

  /** The person's factor, if they have confirmed one. */
  async findConfirmed(userId: string, manager: EntityManager): Promise<{ confirmedAt: Date } | null> {
    const factor = await manager.findOneBy(TotpFactor, { userId });
    return factor?.confirmedAt ? { confirmedAt: factor.confirmedAt } : null;
  }

  /** False when there was none. */
  async delete(manager: EntityManager, userId: string): Promise<boolean> {
    const { affected } = await manager.delete(TotpFactor, { userId });
    return affected === 1;
  }

  /** When it was made, confirmed and last used. */
  async copyOf(userId: string): Promise<object[]> {
    const factors = await this.factors.findBy({ userId });
    return factors.map(({ createdAt, confirmedAt, lastStep }) => ({
      createdAt,
      confirmedAt,
      lastUsedAt: lastStep === '0' ? null : new Date(Number(lastStep) * FORM.period * 1000),
    }));
  }

  /** One conditional update: of parallel uses of a code one moves the step, on whatever instance. */
  private async accept(manager: EntityManager, userId: string, code: string, condition: string): Promise<boolean> {
    const factor = await manager.findOneBy(TotpFactor, { userId });
    if (!factor) return false;
    const { Secret, TOTP } = await import('otpauth');
    const secret = new Secret({ buffer: toArrayBuffer(this.sealer.open(factor.sealedSecret, contextOf(userId))) });
    const timestamp = Date.now();
    const delta = new TOTP({ ...FORM, secret }).validate({ token: code.replace(' ', ''), timestamp, window: DRIFT });
    if (delta === null) return false;
    const step = Math.floor(timestamp / 1000 / FORM.period) + delta;
    const [, moved] = await manager.query<[unknown, number]>(
      `UPDATE totp_factors SET last_step = $2, confirmed_at = coalesce(confirmed_at, now())
       WHERE user_id = $1 AND last_step < $2 AND sealed_secret = $3 AND ${condition}`,
      [userId, step, factor.sealedSecret],
    );
    return moved === 1;
  }
}

const contextOf = (userId: string): string => `totp_factors.sealed_secret ${userId}`;

/** Of its own: a small Buffer is a view into a pool that others write to. */
const toArrayBuffer = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer;
