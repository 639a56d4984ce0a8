import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { asUser, login, type TestCaller } from './support/callers.js';
import { failedWith, runCommand, runScript } from './support/command.js';
import { footprintOf } from './support/footprint.js';
import type { Call } from './support/http.js';
import { kidOf, publishedKids } from './support/keys.js';
import { type Instance, startInstance } from './support/process.js';
import { tablesWith } from './support/tables.js';
import { until } from '../scripts/lib/until.mjs';

const FOLLOW_MS = 10_000;
const NO_PEM = 'the file is no private key in PEM, or one with a passphrase';
const NEITHER = 'the key must be EC on P-256 (ES256), or RSA of 2048 bits or more (RS256)';
const USAGE = 'usage: npm run keys:rotate [-- --algorithm ES256|RS256], or npm run keys:import -- <pem file>';

const folder = mkdtempSync(join(tmpdir(), 'rampart-keys-'));
let app: TestApp;
let second: Instance;
let user: TestCaller;

beforeAll(async () => {
  app = await startApp();
  second = await startInstance(app.settings);
  user = await asUser(app);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
  rmSync(folder, { recursive: true });
});

const instances = (): Call[] => [app.call, second.call];
const keys = (args: string[], changes: NodeJS.ProcessEnv = {}) =>
  runCommand('keys', args, { ...app.settings, ...changes });
const kidIn = (stdout: string): string => /^signing with ([\w-]{43}) \(ES256\)$/m.exec(stdout)?.[1] ?? '';
const p256 = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const statusWith = async (call: Call, token: string) => (await call('GET', '/api/v1/users/me', { token })).status;

/** Until every instance signs with this key; fails when it is not the one that the JWKS of that instance shows. */
async function everySigns(kid: string): Promise<void> {
  for (const call of instances()) {
    await until(async () => kidOf((await login({ call }, user)).token) === kid, FOLLOW_MS);
    expect(await publishedKids(call)).toContain(kid);
  }
}

describe('npm run keys:rotate', () => {
  it('refuses no valid token: the old ones are accepted, the new ones are of the new key, in every process', async () => {
    const before = await login(app, user);
    const old = kidOf(before.token);
    const { code, stdout, stderr } = await runScript('keys', ['rotate'], app.settings);
    const kid = kidIn(stdout);
    expect([code, stderr]).toEqual([0, '']);
    expect(kid).not.toBe(old);
    await everySigns(kid);
    for (const call of instances()) {
      const { token } = await login({ call }, user);
      expect(await publishedKids(call)).toEqual([old, kid]);
      for (const reader of instances()) {
        expect(await statusWith(reader, before.token)).toBe(200);
        expect(await statusWith(reader, token)).toBe(200);
      }
    }
  });

  it('accepts every token that is given while the key changes, in every process', async () => {
    const tokens: string[] = [];
    const rotating = keys(['rotate']);
    const state = { over: false };
    const finished = rotating.finally(() => (state.over = true));
    while (!state.over) for (const call of instances()) tokens.push((await login({ call }, user)).token);
    await everySigns(kidIn((await finished).stdout));
    for (const call of instances()) tokens.push((await login({ call }, user)).token);
    expect(new Set(tokens.map(kidOf)).size).toBeGreaterThan(1);
    for (const call of instances()) {
      // One after the other: all at once they would measure the pool.
      for (const token of tokens) expect(await statusWith(call, token)).toBe(200);
    }
  });

  it('publishes an old key for longer than any token of it lives, and then no more', async () => {
    const { token } = await login(app, user);
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number };
    const kid = kidIn((await keys(['rotate'])).stdout);
    const [row] = await app.db.query<{ at: Date }>('SELECT retired_at AS at FROM signing_keys WHERE kid = $1', [
      kidOf(token),
    ]);
    expect(row?.at.getTime()).toBeGreaterThan((exp + 30) * 1000);
    await everySigns(kid);
    await app.db.query(`UPDATE signing_keys SET retired_at = now() WHERE kid <> $1 AND algorithm = 'ES256'`, [kid]);
    for (const call of instances()) await until(async () => (await publishedKids(call)).join() === kid, FOLLOW_MS);
    await keys(['rotate']);
    expect(await app.db.query('SELECT 1 FROM signing_keys WHERE retired_at < now()')).toEqual([]);
  });
});

describe('npm run keys:import', () => {
  it.each(['pkcs8', 'sec1'] as const)('signs with an EC key on P-256, in %s', async (type) => {
    const path = file('key.pem', p256().export({ type, format: 'pem' }).toString());
    const { code, stdout, stderr } = await runScript('keys', ['import', path], app.settings);
    expect([code, stderr]).toEqual([0, '']);
    await everySigns(kidIn(stdout));
    expect(await statusWith(second.call, (await login(app, user)).token)).toBe(200);
  });

  it('stores the private part sealed: no form of it is anywhere in the database', async () => {
    const key = p256();
    await keys(['import', file('key.pem', pemOf(key))]);
    const { d = '', x = '' } = key.export({ format: 'jwk' });
    const der = key.export({ type: 'pkcs8', format: 'der' });
    expect(await tablesWith(app.db, x)).toEqual(['signing_keys']);
    for (const secret of [d, der.toString('base64url'), ...pemOf(key).split('\n').slice(1, -2)]) {
      expect(await tablesWith(app.db, secret)).toEqual([]);
    }
  });

  it('signs again with a key that was replaced, and once more changes nothing', async () => {
    const path = file('again.pem', pemOf(p256()));
    const kid = kidIn((await keys(['import', path])).stdout);
    await keys(['rotate']);
    expect(kidIn((await keys(['import', path])).stdout)).toBe(kid);
    await everySigns(kid);
    const before = await footprintOf(app.db);
    expect(kidIn((await keys(['import', path])).stdout)).toBe(kid);
    expect(await footprintOf(app.db)).toEqual(before);
  });
});

describe('the commands store nothing and say in one line', () => {
  const ofType = (type: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519', options: object) =>
    generateKeyPairSync(type as 'rsa', options as { modulusLength: number });
  const pem = (key: KeyObject) => pemOf(key);
  const encrypted = p256().export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' });

  it.each([
    ['an RSA key of 2047 bits', pem(ofType('rsa', { modulusLength: 2047 }).privateKey), NEITHER],
    ['an RSA key for PSS alone', pem(ofType('rsa-pss', { modulusLength: 2048 }).privateKey), NEITHER],
    ['a key on P-384', pem(ofType('ec', { namedCurve: 'P-384' }).privateKey), NEITHER],
    ['a key on secp256k1', pem(ofType('ec', { namedCurve: 'secp256k1' }).privateKey), NEITHER],
    ['an Ed25519 key', pem(ofType('ed25519', {}).privateKey), NEITHER],
    ['a public key', ofType('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }), NO_PEM],
    ['a key with a passphrase', encrypted, NO_PEM],
    ['garbage', randomBytes(500), NO_PEM],
    ['an empty file', '', NO_PEM],
  ])('that %s cannot be imported', async (_, content, line) => {
    const before = await footprintOf(app.db);
    expect(await keys(['import', file('bad.pem', content)])).toEqual(failedWith(line));
    expect(await footprintOf(app.db)).toEqual(before);
  });

  it.each([
    ['a file that is missing', ['import', join(folder, 'missing')], {}, 'the file cannot be read'],
    ['a folder', ['import', folder], {}, 'the file cannot be read'],
    ['no file', ['import'], {}, USAGE],
    ['no such action', ['revoke'], {}, USAGE],
    ['no such algorithm', ['rotate', '--algorithm', 'PS256'], {}, USAGE],
    [
      'another SECRET_KEY',
      ['rotate'],
      { SECRET_KEY: randomBytes(32).toString('base64') },
      'SECRET_KEY is not the one that sealed the signing keys in this database',
    ],
  ])('what is wrong with %s', async (_, args, changes, line) => {
    const before = await footprintOf(app.db);
    expect(await keys(args, changes)).toEqual(failedWith(line));
    expect(await footprintOf(app.db)).toEqual(before);
  });
});
