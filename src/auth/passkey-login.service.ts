import { Inject, Injectable } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { Problem } from '../errors/problem.js';
import { PasskeyAssertions } from '../passkeys/passkey-assertions.service.js';
import type { Device } from '../security/device.js';
import type { Actor } from '../security/principal.js';
import { UsersService } from '../users/users.service.js';
import { AccessTokensService, type TokenResponse } from './access-tokens.service.js';
import type { PasskeyLogin } from './passkey-login.dto.js';
import { SessionsService } from './sessions.service.js';

/** Login with a passkey alone: the device is one factor, what its owner shows the device the other. */
@Injectable()
export class PasskeyLoginService {
  constructor(
    private readonly passkeys: PasskeyAssertions,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly tokens: AccessTokensService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  /** Says nothing of any account. Throws 503 `passkeys_unavailable`. */
  options(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.passkeys.assertionOptions(null);
  }

  /** Throws 401 `passkey_invalid`, also for those who may not enter, and 503 `passkeys_unavailable`. */
  async login(actor: Actor, { response }: PasskeyLogin, device: Device): Promise<TokenResponse> {
    const { userId } = await this.passkeys.verify(actor, response, { userVerification: true });
    const user = await this.users.findById(userId);
    const mayEnter = Boolean(user?.emailVerifiedAt) || !this.config.requireVerifiedEmail;
    const started = user?.status === 'active' && mayEnter && (await this.sessions.start(actor, user.id, device));
    if (!started) throw new Problem('passkey_invalid');
    return this.tokens.respond(started.session, user.roles, started.refreshToken);
  }
}
