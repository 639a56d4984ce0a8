import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { Problem } from '../errors/problem.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import type { Device } from '../security/device.js';
import type { Actor } from '../security/principal.js';
import { RecoveryCodesService } from './recovery-codes.service.js';
import { TotpService } from './totp.service.js';

/** What somebody shows for a second factor: exactly one of these. */
export interface FactorProof {
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
}

/** Whether somebody has the second factor of an account. */
@Injectable()
export class SecondFactorsService {
  constructor(
    private readonly totp: TotpService,
    private readonly codes: RecoveryCodesService,
    private readonly audit: AuditService,
    private readonly events: SecurityEventsService,
  ) {}

  /** Uses up what is shown, within the transaction that it is shown for; of parallel uses one wins. Throws 401 `mfa_invalid`. */
  async require(
    manager: EntityManager,
    actor: Actor,
    userId: string,
    proof: FactorProof,
    device: Device,
  ): Promise<void> {
    // In the order in which changes of factors lock.
    await manager.query('SELECT 1 FROM users WHERE id = $1 FOR SHARE', [userId]);
    if (!(await this.verify(manager, actor, userId, proof, device))) throw new Problem('mfa_invalid');
  }

  private async verify(
    manager: EntityManager,
    actor: Actor,
    userId: string,
    { code, recoveryCode }: FactorProof,
    device: Device,
  ): Promise<boolean> {
    if (code !== undefined) return this.totp.verify(manager, userId, code.replace(' ', ''));
    if (!(await this.codes.use(manager, userId, recoveryCode ?? ''))) return false;
    await this.audit.record(manager, actor, 'recovery_code.used', userId);
    await this.events.record(manager, userId, 'mfa.recovery_code_used', device);
    return true;
  }
}
