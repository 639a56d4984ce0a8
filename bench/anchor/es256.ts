import { type KeyObject, sign, verify } from 'node:crypto';

const HALF = 32;

/**
 * ES256 of RFC 7518 section 3.4, whose signatures are two numbers of 32 bytes. Converted here from and to DER: Node takes
 * a third longer to verify, and three times as long to sign, when it is told so in an object around the key.
 */
export const signEs256 = (data: Buffer, key: KeyObject): Buffer => fromDer(sign('sha256', data, key));

export const isSignedBy = (key: KeyObject, data: Buffer, signature: Buffer): boolean =>
  verify('sha256', data, key, toDer(signature));

function toDer(signature: Buffer): Buffer {
  const der = Buffer.allocUnsafe(8 + 2 * HALF);
  const end = writeInteger(der, writeInteger(der, 2, signature, 0), signature, HALF);
  der[0] = 0x30;
  der[1] = end - 2;
  return der.subarray(0, end);
}

/** The shortest form, with a zero before what would be taken for a sign. Answers where the next begins. */
function writeInteger(der: Buffer, at: number, signature: Buffer, start: number): number {
  const end = start + HALF;
  let first = start;
  while (first < end - 1 && signature[first] === 0) first += 1;
  const signed = (signature[first] ?? 0) >= 0x80 ? 1 : 0;
  der[at] = 0x02;
  der[at + 1] = end - first + signed;
  der[at + 2] = 0;
  return at + 2 + signed + signature.copy(der, at + 2 + signed, first, end);
}

/** Of our own signatures, which are well-formed. */
function fromDer(der: Buffer): Buffer {
  const signature = Buffer.alloc(2 * HALF);
  let at = 2;
  for (let end = HALF; end <= 2 * HALF; end += HALF) {
    const length = der[at + 1] ?? 0;
    const used = Math.min(length, HALF);
    at += 2 + length;
    der.copy(signature, end - used, at - used, at);
  }
  return signature;
}
