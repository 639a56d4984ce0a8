import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AttemptsService } from '../attempts/attempts.service.js';
import { AuditService } from '../audit/audit.service.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { PasskeyAssertions } from '../passkeys/passkey-assertions.service.js';
import type { AssertionResponse } from '../passkeys/passkey-response.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import type { Device } from '../security/device.js';
import type { Actor } from '../security/principal.js';
import { RecoveryCodesService } from './recovery-codes.service.js';
import { TotpService } from './totp.service.js';

/** What somebody shows for a second factor: exactly one of these. */
export interface FactorProof {
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
  readonly response?: AssertionResponse | undefined;
}

/** Under which name guesses at somebody's second factor are counted. */
export const attemptsOf = (userId: string): string => `mfa:${userId}`;

/** Where somebody shows it, and whether they were signed in there before. */
export type ProvingDevice = Device & { readonly known: boolean };

/** Whether somebody has the second factor of an account. Wrong ones are counted by account, over all instances. */
@Injectable()
export class SecondFactorsService {
  constructor(
    private readonly totp: TotpService,
    private readonly codes: RecoveryCodesService,
    private readonly passkeys: PasskeyAssertions,
    private readonly attempts: AttemptsService,
    private readonly audit: AuditService,
    private readonly events: SecurityEventsService,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Uses up what is shown, a code in the transaction of the work that it is shown for, both or neither; of parallel uses one wins.
   * Throws 401 `mfa_invalid`, and 429 `rate_limited` after AUTH_ATTEMPTS wrong codes.
   */
  async require<T>(
    actor: Actor,
    userId: string,
    proof: FactorProof,
    { known, ...device }: ProvingDevice,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    if (proof.response) {
      // Nothing to guess, so nothing to count. Before the transaction: it needs a connection of its own, and what it uses up stays used.
      await this.requirePasskey(actor, userId, proof.response);
      return inTransaction(this.dataSource, work);
    }
    const outcome: { result?: T } = {};
    const right = await this.attempts.guardOf(attemptsOf(userId), known, () =>
      inTransaction(this.dataSource, async (manager) => {
        // In the order in which changes of factors lock.
        await manager.query('SELECT 1 FROM users WHERE id = $1 FOR SHARE', [userId]);
        if (!(await this.verify(manager, actor, userId, proof, device))) return false;
        outcome.result = await work(manager);
        return true;
      }),
    );
    if (!right) throw new Problem('mfa_invalid');
    return outcome.result as T;
  }

  private async verify(
    manager: EntityManager,
    actor: Actor,
    userId: string,
    { code, recoveryCode }: FactorProof,
    device: Device,
  ): Promise<boolean> {
    if (code !== undefined) return this.totp.verify(manager, userId, code);
    if (!(await this.codes.use(manager, userId, recoveryCode ?? ''))) return false;
    await this.audit.record(manager, actor, 'recovery_code.used', userId);
    await this.events.record(manager, userId, 'mfa.recovery_code_used', device);
    return true;
  }

  /** Possession is enough: what its owner knows was asked before. */
  private async requirePasskey(actor: Actor, userId: string, response: AssertionResponse): Promise<void> {
    await this.passkeys.verify(actor, response, { userId, userVerification: false }).catch((error: unknown) => {
      throw error instanceof Problem && error.code === 'passkey_invalid' ? new Problem('mfa_invalid') : error;
    });
  }
}
