import { Inject, Injectable } from '@nestjs/common';
import { ChallengesService } from '../challenges/challenges.service.js';
import type { ConfigOf } from '../config/namespace.js';
import { passkeysConfig } from '../config/passkeys.config.js';
import { readClientData } from './client-data.js';
import type { Passkey } from './passkey.entity.js';
import type { AssertionResponse, RegistrationResponse } from './passkey-response.js';
import { ALGORITHMS, bytesOf, library, relyingPartyId } from './webauthn.js';

/** What an authenticator says of a new key, in the names of its row. */
export type Attested = Pick<
  Passkey,
  'credentialId' | 'publicKey' | 'counter' | 'deviceType' | 'backedUp' | 'uvInitialized'
>;

/** What it says when a key is used. */
export interface Asserted {
  readonly counter: number;
  readonly userVerified: boolean;
  readonly backedUp: boolean;
}

/** A challenge that was given out and is used up now. */
export interface Taken {
  readonly challenge: string;
  /** Whose answer was awaited; null where the answer says who it is. */
  readonly userId: string | null;
}

/** Judges what browsers answer (WebAuthn section 7). Throws 503 `passkeys_unavailable` where there is no relying party. */
@Injectable()
export class PasskeyVerifier {
  constructor(
    private readonly challenges: ChallengesService,
    @Inject(passkeysConfig.KEY) private readonly party: ConfigOf<typeof passkeysConfig>,
  ) {}

  /** Section 7.1: a new passkey of this person. Null when anything is wrong; the challenge is used up all the same. */
  async attested(userId: string, response: RegistrationResponse): Promise<Attested | null> {
    const taken = await this.take('passkey_registration', response);
    if (taken?.userId !== userId || !(await isWithoutCertificates(response))) return null;
    const { verifyRegistrationResponse } = await library();
    const { registrationInfo: info } = await verifyRegistrationResponse({
      ...this.expecting(taken),
      response: { ...response, clientExtensionResults: {} },
      requireUserVerification: false,
      supportedAlgorithmIDs: ALGORITHMS,
    }).catch(() => ({ registrationInfo: undefined }));
    // What the browser says beside the attestation is not signed: nothing of it is believed.
    if (info?.credential.id !== response.id) return null;
    return {
      credentialId: Buffer.from(info.credential.id, 'base64url'),
      publicKey: Buffer.from(info.credential.publicKey),
      counter: String(info.credential.counter),
      deviceType: info.credentialDeviceType,
      backedUp: info.credentialBackedUp,
      uvInitialized: info.userVerified,
    };
  }

  /** Uses up the challenge that is answered, before anything else is judged. Null when it is none, over, answered, or of the other kind. */
  async take(
    purpose: 'passkey_registration' | 'passkey_assertion',
    { response }: RegistrationResponse | AssertionResponse,
  ): Promise<Taken | null> {
    relyingPartyId(this.party);
    const type = purpose === 'passkey_registration' ? 'webauthn.create' : 'webauthn.get';
    const data = readClientData(response.clientDataJSON, type);
    const issued = data && (await this.challenges.take(purpose, data.challenge));
    return issued && { challenge: data.challenge, userId: issued.userId };
  }

  /** Section 7.2, but for the counter: the use of this passkey. Null when anything is wrong. */
  async asserted(
    passkey: Passkey,
    response: AssertionResponse,
    taken: Taken,
    requireUserVerification: boolean,
  ): Promise<Asserted | null> {
    const { verifyAuthenticationResponse } = await library();
    // Whom the authenticator names is compared elsewhere.
    const { userHandle: _, ...said } = response.response;
    const answer = await verifyAuthenticationResponse({
      ...this.expecting(taken),
      response: { ...response, response: said, clientExtensionResults: {} },
      requireUserVerification,
      // No counter to compare with: that is done where it is moved, or two could pass at once.
      credential: { id: response.id, publicKey: bytesOf(passkey.publicKey), counter: 0 },
    }).catch(() => null);
    if (!answer?.verified) return null;
    const { newCounter: counter, userVerified, credentialBackedUp: backedUp, ...info } = answer.authenticationInfo;
    // Whether a key may be copied was settled when it was made.
    return info.credentialDeviceType === passkey.deviceType ? { counter, userVerified, backedUp } : null;
  }

  private expecting({ challenge }: Taken) {
    const expectedOrigin = [...this.party.origins];
    return { expectedChallenge: challenge, expectedOrigin, expectedRPID: relyingPartyId(this.party) };
  }
}

/**
 * Whether a statement is what browsers leave when none was asked for: none, or the key's own signature. Certificates are chosen by
 * whoever sends them, and a verifier may fetch revocation lists from where they say.
 */
async function isWithoutCertificates({ response }: RegistrationResponse): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  try {
    const decoded = decodeAttestationObject(bytesOf(response.attestationObject));
    const format = decoded.get('fmt');
    return format === 'none' || (format === 'packed' && decoded.get('attStmt').get('x5c') === undefined);
  } catch {
    return false;
  }
}
