// @ts-check
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { Fault, codeOf } from './faults.mjs';
import { readJson, readText, root, writePrivate } from './files.mjs';

/** @typedef {NodeJS.ProcessEnv} Env */

/**
 * The real environment over an optional `.env` in the project root.
 * @returns {Env}
 */
export function readEnvironment() {
  try {
    // As the API reads it: without a byte order mark, and in UTF-8 or not at all.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(join(root, '.env')));
    return { ...parseEnv(text), ...process.env };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { ...process.env };
    throw new Fault(`The file .env cannot be read (${codeOf(error)}).`);
  }
}

/**
 * Whether the person gives the value: directly, as a file, or by a secret manager, which ours would hide.
 * @param {Env} env
 * @param {string} name
 */
export const isGiven = (env, name) => Boolean(env[name] || env[`${name}_FILE`] || env.VAULT_ADDR);

/** @param {Env} env */
export const isProduction = (env) => env.NODE_ENV === 'production';

/**
 * Made once and kept: another key would make what is encrypted in the database unreadable.
 * @param {string} stateDir
 */
function localSecrets(stateDir) {
  const file = join(stateDir, 'secrets.json');
  const kept = readJson(file);
  if (typeof kept?.SECRET_KEY === 'string') return kept;
  if (readText(file) !== null) throw new Fault(`${file} is not what was written there: mend it, or set SECRET_KEY.`);
  const secrets = { SECRET_KEY: randomBytes(32).toString('base64') };
  writePrivate(file, JSON.stringify(secrets));
  return secrets;
}

/**
 * What the API is started with. In production nothing is invented: the API itself says what is missing.
 * @param {Env} given
 * @param {{ stateDir: string, databaseUrl?: string, certificate?: { certFile: string, keyFile: string } }} local
 * @returns {Env}
 */
export function applicationEnvironment(given, { stateDir, databaseUrl, certificate }) {
  /** @type {Env} */
  const env = {
    ...given,
    NODE_ENV: given.NODE_ENV || 'development',
    HOST: given.HOST || '127.0.0.1',
    PORT: given.PORT || '3000',
  };
  if (databaseUrl) env.DATABASE_URL = databaseUrl;
  if (certificate && !env.TLS_CERT_FILE) {
    env.TLS_CERT_FILE = certificate.certFile;
    env.TLS_KEY_FILE = certificate.keyFile;
  }
  if (isProduction(env)) return env;
  if (!isGiven(env, 'MIGRATION_DATABASE_URL')) {
    // The API migrates when it is given this one: at home the same role may do both.
    if (env.DATABASE_URL) env.MIGRATION_DATABASE_URL = env.DATABASE_URL;
    else env.MIGRATION_DATABASE_URL_FILE = env.DATABASE_URL_FILE;
  }
  if (!isGiven(env, 'SMTP_URL') && !env.MAIL_DIR) env.MAIL_DIR = join(stateDir, 'mail');
  if (!isGiven(env, 'SECRET_KEY')) env.SECRET_KEY = localSecrets(stateDir).SECRET_KEY;
  return env;
}
