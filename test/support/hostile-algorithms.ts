import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Case } from './hostile-tokens.js';

const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' });
const hmac = (hash: string, secret: string | Buffer) => (input: string) =>
  createHmac(hash, secret).update(input).digest();
const signed = (hash: string, key: KeyObject) => (input: string) =>
  sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
export const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
export const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' });

/** Tokens whose algorithm is not the one, or whose signature is of another. */
export const algorithms: Case[] = [
  ...['none', 'None', 'NONE', 'nOnE'].map((alg): Case => [
    `alg ${alg} without a signature`,
    () => ({ header: { alg }, signature: () => Buffer.alloc(0) }),
  ]),
  ['alg none with the right signature', () => ({ header: { alg: 'none' } })],
  ['alg missing', () => ({ header: { alg: undefined } })],
  ['alg in lower case', () => ({ header: { alg: 'es256' } })],
  ['alg with a space', () => ({ header: { alg: 'ES256 ' } })],
  ['alg as a list', () => ({ header: { alg: ['ES256'] } })],
  [
    'HS256 with the public key in PEM',
    (w) => ({ header: { alg: 'HS256' }, signature: hmac('sha256', pem(w.publicKey)) }),
  ],
  [
    'HS256 with the public key as JWK',
    (w) => ({ header: { alg: 'HS256' }, signature: hmac('sha256', JSON.stringify(jwkOf(w.publicKey))) }),
  ],
  ['HS512 with an empty secret', () => ({ header: { alg: 'HS512' }, signature: hmac('sha512', '') })],
  ['HS256 called ES256', (w) => ({ signature: hmac('sha256', pem(w.publicKey)) })],
  ['ES384', () => ({ header: { alg: 'ES384' }, signature: signed('sha384', ec('P-384')) })],
  ['ES256K', () => ({ header: { alg: 'ES256K' }, signature: signed('sha256', ec('secp256k1')) })],
  ['RS256', () => ({ header: { alg: 'RS256' }, signature: signed('sha256', rsa()) })],
  [
    'RS256 of the key of ID tokens',
    (w) => ({ header: { alg: 'RS256', kid: w.idTokens.kid }, signature: signed('sha256', w.idTokens.key) }),
  ],
  [
    'RS256 of the key of ID tokens, called ES256',
    (w) => ({ header: { kid: w.idTokens.kid }, signature: signed('sha256', w.idTokens.key) }),
  ],
  ['ES256 of another key', () => ({ key: ec('P-256') })],
  ['SHA-384 with the right key', (w) => ({ signature: signed('sha384', w.privateKey) })],
];
