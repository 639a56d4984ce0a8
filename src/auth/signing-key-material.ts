import { createPrivateKey, createPublicKey, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { calculateJwkThumbprint } from 'jose';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { algorithmOf, RSA_BITS, type SigningAlgorithm } from '../config/signing-key.js';
import { deriveKey, Sealer } from '../security/sealing.js';
import type { SigningKey } from './signing-key.entity.js';

const generate = promisify(generateKeyPair);

/** A key that was opened, with the times of its row in milliseconds. */
export interface OpenedKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly jwk: JsonWebKey;
  readonly activeFrom: number;
  readonly retiredAt: number;
}

type SealedKey = Pick<SigningKey, 'kid' | 'algorithm' | 'publicJwk' | 'sealedPrivate'>;

/** In a thread of its own: the primes of an RSA key may take a second, in which every request would wait. */
export async function newKey(algorithm: SigningAlgorithm): Promise<KeyObject> {
  const { privateKey } =
    algorithm === 'ES256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: RSA_BITS });
  return privateKey;
}

/** Signing keys as the database has them: the private part sealed under a key derived from `SECRET_KEY`. */
@Injectable()
export class SigningKeyMaterial {
  private readonly sealer: Sealer;

  constructor(@Inject(authConfig.KEY) { secretKey }: ConfigOf<typeof authConfig>) {
    this.sealer = new Sealer(deriveKey(secretKey, 'signing keys'));
  }

  /** RFC 7638: the same key has the same id wherever it is imported. Throws RangeError for a key that signs nothing here. */
  async seal(privateKey: KeyObject): Promise<SealedKey> {
    const algorithm = algorithmOf(privateKey);
    if (!algorithm) throw new RangeError('the key is of no algorithm that signs here');
    const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
    const kid = await calculateJwkThumbprint(jwk);
    const sealedPrivate = this.sealer.seal(privateKey.export({ format: 'der', type: 'pkcs8' }), kid);
    return { kid, algorithm, publicJwk: { ...jwk, kid, alg: algorithm, use: 'sig' }, sealedPrivate };
  }

  /** Throws when `SECRET_KEY` is another one, or the key is not what its row says. */
  open({ kid, algorithm, sealedPrivate, publicJwk, activeFrom, retiredAt }: SigningKey): OpenedKey {
    const privateKey = createPrivateKey({ key: this.unseal(sealedPrivate, kid), format: 'der', type: 'pkcs8' });
    // A row that was put there by hand is held to what an import is: it would sign, or be published, all the same.
    if (algorithmOf(privateKey) !== algorithm) {
      throw new Error(
        `the signing key ${kid} in the database is no key for ${algorithm}: delete its row from signing_keys`,
      );
    }
    return {
      kid,
      algorithm,
      privateKey,
      publicKey: createPublicKey(privateKey),
      jwk: publicJwk,
      activeFrom: activeFrom.getTime(),
      retiredAt: retiredAt?.getTime() ?? Number.POSITIVE_INFINITY,
    };
  }

  private unseal(sealed: Buffer, kid: string): Buffer {
    try {
      return this.sealer.open(sealed, kid);
    } catch {
      throw new Error('SECRET_KEY is not the one that sealed the signing keys in this database');
    }
  }
}
