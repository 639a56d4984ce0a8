import { Injectable } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { inTransaction } from '../database/transaction.js';
import { Problem } from '../errors/problem.js';
import { SecondFactorsService } from '../mfa/second-factors.service.js';
import { PasskeyAssertions } from '../passkeys/passkey-assertions.service.js';
import type { Device } from '../security/device.js';
import type { Caller } from '../security/principal.js';
import type { AssuranceLevel } from '../security/step-up.js';
import { UsersService } from '../users/users.service.js';
import { type AccessTokenResponse, AccessTokensService } from './access-tokens.service.js';
import type { StepUpInput } from './login-steps.dto.js';
import { PasswordsService } from './passwords.service.js';

/** Asks somebody who is signed in who they are, once more. `stepUp()` leaves the session as it is: what was proved is in the new access token alone. */
@Injectable()
export class StepUpService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly factors: SecondFactorsService,
    private readonly assertions: PasskeyAssertions,
    private readonly tokens: AccessTokensService,
    private readonly audit: AuditService,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * A fresh access token (RFC 9470 section 4): `aal2` for a second factor, which comes on top of the login that the session began with,
   * `aal1` for the password alone. Throws 403 `password_wrong`, 401 `mfa_invalid`.
   */
  async stepUp(caller: Caller, input: StepUpInput, device: Device): Promise<AccessTokenResponse> {
    const { credentialId: id, subject: userId, roles } = caller;
    const acr = await this.prove(caller, input, device);
    return this.tokens.issue({ id, userId, acr, authenticatedAt: new Date() }, roles);
  }

  /** The same proof without a token: how strong it was. */
  async prove(caller: Caller, { password, ...proof }: StepUpInput, device: Device): Promise<AssuranceLevel> {
    const { credentialId: id, subject: userId } = caller;
    if (password !== undefined) await this.requirePassword(userId, password);
    const acr = password === undefined ? 'aal2' : 'aal1';
    const record = (manager: EntityManager) => this.audit.record(manager, caller, 'session.stepped_up', id, { acr });
    if (password !== undefined) await inTransaction(this.dataSource, record);
    else await this.factors.require(caller, userId, proof, { ...device, known: true }, record);
    return acr;
  }

  /** What a browser needs to prove it with a passkey of theirs. Throws 503 `passkeys_unavailable`. */
  options({ subject }: Caller): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.assertions.assertionOptions(subject);
  }

  private async requirePassword(userId: string, password: string): Promise<void> {
    const { email } = await this.users.getUser(userId);
    if (!(await this.passwords.matches({ userId, email, known: true }, password))) throw new Problem('password_wrong');
  }
}
