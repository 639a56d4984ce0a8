import { Inject, Injectable } from '@nestjs/common';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { ChallengesService } from '../challenges/challenges.service.js';
import type { ConfigOf } from '../config/namespace.js';
import { passkeysConfig } from '../config/passkeys.config.js';
import type { Passkey } from './passkey.entity.js';
import { ALGORITHMS, bytesOf, library, relyingPartyId, userHandleOf } from './webauthn.js';

/** As long as a challenge lives. */
const TIMEOUT_MS = 300_000;

/** What a browser is asked for, each time with a challenge of its own. Throws 503 `passkeys_unavailable` where there is no relying party. */
@Injectable()
export class PasskeyOptions {
  constructor(
    private readonly challenges: ChallengesService,
    @Inject(passkeysConfig.KEY) private readonly party: ConfigOf<typeof passkeysConfig>,
  ) {}

  /** For `navigator.credentials.create()`. No attestation: which device somebody owns is nobody's business here. */
  async creation(
    user: { id: string; name: string; displayName: string },
    existing: readonly Passkey[],
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const rpID = relyingPartyId(this.party);
    const challenge = await this.challenges.issue('passkey_registration', user.id);
    const { generateRegistrationOptions } = await library();
    return generateRegistrationOptions({
      rpName: this.party.name,
      rpID,
      userName: user.name,
      userDisplayName: user.displayName,
      userID: bytesOf(userHandleOf(user.id)),
      challenge: bytesOf(challenge),
      timeout: TIMEOUT_MS,
      attestationType: 'none',
      excludeCredentials: existing.map(descriptorOf),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
      supportedAlgorithmIDs: ALGORITHMS,
    });
  }

  /** For `navigator.credentials.get()`: of a person with these passkeys, or with null of whoever it will be. */
  async request(userId: string | null, existing: readonly Passkey[]): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const rpID = relyingPartyId(this.party);
    const challenge = await this.challenges.issue('passkey_assertion', userId);
    const { generateAuthenticationOptions } = await library();
    return generateAuthenticationOptions({
      rpID,
      challenge: bytesOf(challenge),
      timeout: TIMEOUT_MS,
      allowCredentials: existing.map(descriptorOf),
      // Without a password before it, a passkey has to be both factors (ASVS 6.3.3).
      userVerification: userId === null ? 'required' : 'preferred',
    });
  }
}

const descriptorOf = ({ credentialId, transports }: Passkey) => ({
  id: credentialId.toString('base64url'),
  transports,
});
