import { Injectable } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { Problem } from '../errors/problem.js';
import { PasskeyAssertions } from '../passkeys/passkey-assertions.service.js';
import type { Device } from '../security/device.js';
import type { Actor } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';
import { LoginStepsService } from './login-steps.service.js';
import type { PasskeyLogin } from './passkey-login.dto.js';
import type { StartedSession } from './sessions.service.js';

/** Login with a passkey alone: the device is one factor, what its owner shows the device the other. */
@Injectable()
export class PasskeyLoginService {
  constructor(
    private readonly passkeys: PasskeyAssertions,
    private readonly users: UsersService,
    private readonly steps: LoginStepsService,
  ) {}

  /** Says nothing of any account. Throws 503 `passkeys_unavailable`. */
  options(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.passkeys.assertionOptions(null);
  }

  /** Throws 401 `passkey_invalid`, also for those who may not enter, and 503 `passkeys_unavailable`. */
  async login(actor: Actor, { response }: PasskeyLogin, device: Device): Promise<StartedSession> {
    const { userId } = await this.passkeys.verify(actor, response, { userVerification: true });
    if (!this.steps.mayEnter(await this.users.findById(userId))) throw new Problem('passkey_invalid');
    return this.steps.enter(actor, { userId, acr: 'aal2' }, device);
  }
}
