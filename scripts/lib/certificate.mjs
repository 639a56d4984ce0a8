// @ts-check
import { X509Certificate } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readText, writePrivate } from './files.mjs';

const DAY_MS = 86_400_000;
/** Browsers refuse certificates that are valid for longer. */
const VALID_DAYS = 397;
const RENEW_DAYS = 7;

/**
 * The files of a certificate for this machine alone, made when there is none or it is about to expire. It signs nothing, so
 * that whoever trusts it trusts this one key and no other.
 * @param {string} stateDir
 */
export async function developmentCertificate(stateDir) {
  const dir = join(stateDir, 'tls');
  const files = { certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') };
  if (isGood(files)) return files;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { generate } = await import('selfsigned');
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + VALID_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  writePrivate(files.keyFile, key);
  writePrivate(files.certFile, cert);
  return files;
}

/** @param {{ certFile: string, keyFile: string }} files */
function isGood({ certFile, keyFile }) {
  try {
    const certificate = new X509Certificate(readText(certFile) ?? '');
    return readText(keyFile) !== null && Date.parse(certificate.validTo) > Date.now() + RENEW_DAYS * DAY_MS;
  } catch {
    return false;
  }
}
