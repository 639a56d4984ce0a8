import { createHmac } from 'node:crypto';
import { deriveKey, Sealer } from '../security/sealing.js';

/** What the library keeps of an artifact. */
export interface ArtifactPayload {
  readonly jti?: string;
  readonly accountId?: string;
  readonly grantId?: string;
  readonly uid?: string;
  readonly userCode?: string;
  readonly session?: { readonly cookie?: string; readonly [member: string]: unknown };
  readonly [member: string]: unknown;
}

/** Seals what the authorization server remembers, each for the row it stands in. */
export class ArtifactSeals {
  private readonly sealer: Sealer;
  private readonly lookupKey: Buffer;

  constructor(secretKey: Buffer | string) {
    this.sealer = new Sealer(deriveKey(secretKey, 'oauth artifacts'));
    this.lookupKey = deriveKey(secretKey, 'oauth lookups');
  }

  seal(kind: string, hash: Buffer, payload: ArtifactPayload): Buffer {
    return this.sealer.seal(Buffer.from(JSON.stringify(payload)), contextOf(kind, hash));
  }

  open(kind: string, hash: Buffer, sealed: Buffer): ArtifactPayload {
    return JSON.parse(this.sealer.open(sealed, contextOf(kind, hash)).toString('utf8')) as ArtifactPayload;
  }

  /** A user code has few bits: without the key nobody can try them all against the table. */
  lookupOf(kind: string, second: string): Buffer {
    return createHmac('sha256', this.lookupKey).update(`${kind}\0${second}`).digest();
  }
}

const contextOf = (kind: string, hash: Buffer): string => `${kind}:${hash.toString('base64url')}`;
