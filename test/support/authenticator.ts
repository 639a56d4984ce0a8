import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { empty, type Statement } from './attestation.js';

/** The part of the options that an authenticator and its browser look at. */
export interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id?: string };
  readonly user: { readonly id: string };
}
export interface RequestOptions {
  readonly challenge: string;
  readonly rpId?: string;
}

/** What an answer says in place of what is true. */
export interface Falsehood {
  readonly type?: string;
  readonly challenge?: string;
  readonly origin?: string;
  readonly rpId?: string;
  readonly flags?: number;
  readonly counter?: number;
  readonly clientData?: Readonly<Record<string, unknown>>;
  readonly userHandle?: string | undefined;
}

/** Bits of section 6.1: user present, user verified, may be backed up, is backed up, attested key included. */
export const FLAGS = { present: 1, verified: 4, mayBackUp: 8, backedUp: 16, attested: 64 } as const;
const HONEST = FLAGS.present | FLAGS.verified;

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();
const text64 = (data: Buffer | string): string => Buffer.from(data).toString('base64url');

/** A browser and its authenticator in one, with a key on P-256: honest unless told otherwise, in any field. */
export class Authenticator {
  readonly credentialId = randomBytes(32);
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  private userHandle: string | undefined;
  counter = 0;

  constructor(readonly origin: string) {}

  get id(): string {
    return text64(this.credentialId);
  }

  /** COSE_Key of an EC2 key (RFC 9053 section 7.1.1), canonical. */
  get publicKey(): Buffer {
    const { x = '', y = '' } = this.keys.publicKey.export({ format: 'jwk' });
    const [head, middle] = [Buffer.from('a5010203262001215820', 'hex'), Buffer.from('225820', 'hex')];
    return Buffer.concat([head, Buffer.from(x, 'base64url'), middle, Buffer.from(y, 'base64url')]);
  }

  /** `navigator.credentials.create()` and `toJSON()`. */
  create(options: CreationOptions, lie: Falsehood = {}, statement: Statement = empty('none')) {
    this.userHandle = options.user.id;
    const length = Buffer.from([0, this.credentialId.length]);
    const key = Buffer.concat([Buffer.alloc(16), length, this.credentialId, this.publicKey]);
    const flags = lie.flags ?? HONEST;
    const authData = this.data(options.rp.id, { ...lie, flags: flags | FLAGS.attested }, key);
    const clientData = this.clientData('webauthn.create', options.challenge, lie);
    const stated = statement(Buffer.concat([authData, sha256(clientData)]), this.keys.privateKey);
    const name = Buffer.from('68617574684461746158', 'hex');
    const attestationObject = Buffer.concat([
      Buffer.from([0xa3]),
      stated,
      name,
      Buffer.from([authData.length]),
      authData,
    ]);
    return this.credential({
      clientDataJSON: text64(clientData),
      attestationObject: text64(attestationObject),
      transports: ['internal'],
    });
  }

  /** `navigator.credentials.get()` and `toJSON()`. */
  get(options: RequestOptions, lie: Falsehood = {}) {
    this.counter += 1;
    const clientData = this.clientData('webauthn.get', options.challenge, lie);
    const authenticatorData = this.data(options.rpId, lie);
    const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientData)]), this.keys.privateKey);
    const userHandle = 'userHandle' in lie ? lie.userHandle : this.userHandle;
    return this.credential({
      clientDataJSON: text64(clientData),
      authenticatorData: text64(authenticatorData),
      signature: text64(signature),
      ...(userHandle !== undefined && { userHandle }),
    });
  }

  private credential<T extends object>(response: T) {
    const { id } = this;
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  private clientData(type: string, challenge: string, lie: Falsehood): string {
    const { origin } = this;
    const told = { type: lie.type ?? type, challenge: lie.challenge ?? challenge, origin: lie.origin ?? origin };
    return JSON.stringify({ ...told, crossOrigin: false, ...lie.clientData });
  }

  private data(rpId = '', lie: Falsehood = {}, attested = Buffer.alloc(0)): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(lie.counter ?? this.counter);
    return Buffer.concat([sha256(lie.rpId ?? rpId), Buffer.from([lie.flags ?? HONEST]), counter, attested]);
  }
}
