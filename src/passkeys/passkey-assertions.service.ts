import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { DataSource, Repository } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import type { Actor } from '../security/principal.js';
import { PasskeyOptions } from './passkey-options.service.js';
import type { AssertionResponse } from './passkey-response.js';
import { type Asserted, PasskeyVerifier, type Taken } from './passkey-verifier.service.js';
import { Passkey } from './passkey.entity.js';
import { userHandleOf } from './webauthn.js';

/** What has to be true of a passkey besides that it is genuine. */
export interface Wanted {
  /** Whose it must be; anybody's unless said. */
  readonly userId?: string;
  /** Whether its owner must have proved to the device who they are: otherwise it is one factor, possession. */
  readonly userVerification: boolean;
}

/** Who has proved to be there. */
export interface VerifiedPasskey {
  readonly userId: string;
  readonly passkeyId: string;
  readonly userVerified: boolean;
}

/** Passkeys as proof of who somebody is, alone or beside a password: each challenge once, each count once, on every instance. */
@Injectable()
export class PasskeyAssertions {
  private readonly logger = new Logger(PasskeyAssertions.name);

  constructor(
    @InjectRepository(Passkey) private readonly passkeys: Repository<Passkey>,
    private readonly dataSource: DataSource,
    private readonly options: PasskeyOptions,
    private readonly verifier: PasskeyVerifier,
    private readonly audit: AuditService,
  ) {}

  /** What a browser needs to use one: of this person, or with null of whoever it will be. Throws 503 `passkeys_unavailable`. */
  async assertionOptions(userId: string | null): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const own = userId === null ? [] : await this.passkeys.find({ where: { userId }, order: { id: 'ASC' } });
    return this.options.request(userId, own);
  }

  /** Whose passkey it is. Throws 401 `passkey_invalid` whatever is wrong with it (ASVS 16.5.1), and 503 `passkeys_unavailable`. */
  async verify(actor: Actor, response: AssertionResponse, wanted: Wanted): Promise<VerifiedPasskey> {
    const taken = await this.verifier.take('passkey_assertion', response);
    const passkey = taken && (await this.passkeys.findOneBy({ credentialId: Buffer.from(response.id, 'base64url') }));
    if (!passkey || !isOf(passkey, response, taken, wanted)) throw new Problem('passkey_invalid');
    const asserted = await this.verifier.asserted(passkey, response, taken, wanted.userVerification);
    if (!asserted || !(await this.use(actor, passkey, asserted))) throw new Problem('passkey_invalid');
    return { userId: passkey.userId, passkeyId: passkey.id, userVerified: asserted.userVerified };
  }

  /** Moves the counter, by one statement: of two with one count the second is false. */
  private async use(actor: Actor, { id, userId }: Passkey, asserted: Asserted): Promise<boolean> {
    const { counter, backedUp, userVerified } = asserted;
    return inTransaction(this.dataSource, async (manager) => {
      const [moved] = await manager.query<[unknown[]]>(
        `UPDATE passkeys SET counter = $2, backed_up = $3, uv_initialized = uv_initialized OR $4, last_used_at = now()
         WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0)) RETURNING id`,
        [id, counter, backedUp, userVerified],
      );
      if (moved.length > 0) return true;
      // Deleted meanwhile, or two have this key: section 7.2 step 22 leaves open which, and neither gets in.
      const [left] = await manager.query<{ counter: string }[]>('SELECT counter FROM passkeys WHERE id = $1', [id]);
      if (left) {
        const details = { userId, counter: Number(left.counter), presented: counter };
        this.logger.warn(`passkey ${id} was presented with a lowered counter: it may have been cloned`);
        await this.audit.record(manager, actor, 'passkey.counter_lowered', id, details);
      }
      return false;
    });
  }
}

/** Section 7.2 steps 5 and 6: the key of the person who is awaited, and of the one whom the authenticator names. */
function isOf(passkey: Passkey, { response }: AssertionResponse, taken: Taken, { userId }: Wanted): boolean {
  const { userHandle } = response;
  return (
    [taken.userId ?? passkey.userId, userId ?? passkey.userId].every((each) => each === passkey.userId) &&
    (!userHandle || Buffer.from(userHandle, 'base64url').equals(userHandleOf(passkey.userId)))
  );
}
