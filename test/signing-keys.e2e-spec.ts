import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, createLocalJWKSet, importJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SigningSet, SigningKeysService } from '../src/auth/signing-keys.service.js';
import type { SigningAlgorithm } from '../src/config/signing-key.js';
import { startApp, type TestApp } from './support/app.js';
import { asUser, login } from './support/callers.js';
import { failedWith, runCommand } from './support/command.js';
import { kidOf, publishedKids } from './support/keys.js';
import { startInstance } from './support/process.js';
import { signingKeyOf, storeKey } from './support/tokens.js';
import { until } from '../scripts/lib/until.mjs';

const FOLLOW_MS = 10_000;
const IS_SET = 'SIGNING_KEY is set: change it, or unset it, to sign with another key';

const folder = mkdtempSync(join(tmpdir(), 'rampart-signing-keys-'));
let app: TestApp;
let service: SigningKeysService;

beforeAll(async () => {
  app = await startApp();
  service = app.nest.get(SigningKeysService);
});
afterAll(async () => {
  await app.stop();
  rmSync(folder, { recursive: true });
});

const keys = (args: string[], changes: NodeJS.ProcessEnv = {}) =>
  runCommand('keys', args, { ...app.settings, ...changes });
const kidIn = (stdout: string, algorithm: SigningAlgorithm): string =>
  new RegExp(`^signing with ([\\w-]{43}) \\(${algorithm}\\)$`, 'm').exec(stdout)?.[1] ?? '';
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const p256 = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const rsa = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const thumbprint = (key: KeyObject) => calculateJwkThumbprint(createPublicKey(key).export({ format: 'jwk' }));

const published = async () => (await app.call('GET', '/.well-known/jwks.json')).body as { keys: JWK[] };
const bothKids = async (): Promise<[es256: string[], rs256: string[]]> => [
  await publishedKids(app.call, 'ES256'),
  await publishedKids(app.call, 'RS256'),
];
const kidsOf = ({ keys: set }: SigningSet) => set.map(({ kid, alg }) => `${alg} ${kid}`);

/** Until this is the key that signs with its algorithm. */
const signs = (algorithm: SigningAlgorithm, kid: string) =>
  until(async () => (await service.current(algorithm)).kid === kid, FOLLOW_MS);

describe('the keys that are published', () => {
  it('are one on P-256 for ES256 and one of RSA for RS256, each with its use, none with a private part', async () => {
    const { keys: set } = await published();
    expect(set).toEqual([
      {
        kty: 'EC',
        crv: 'P-256',
        x: expect.any(String),
        y: expect.any(String),
        kid: expect.any(String),
        alg: 'ES256',
        use: 'sig',
      },
      { kty: 'RSA', n: expect.any(String), e: 'AQAB', kid: expect.any(String), alg: 'RS256', use: 'sig' },
    ]);
    expect(Buffer.from(set[1]?.n ?? '', 'base64url')).toHaveLength(256);
  });

  it('verify what the signing set signs', async () => {
    const { keys: set } = await service.signingSet();
    const known = createLocalJWKSet(await published());
    for (const jwk of set) {
      const key = await importJWK(jwk, jwk.alg);
      const { kid, alg } = jwk;
      const token = await new SignJWT({ sub: 'somebody' }).setProtectedHeader({ alg, kid }).sign(key);
      expect((await jwtVerify(token, known)).protectedHeader).toEqual({ alg, kid });
    }
  });
});

describe('the keys of access tokens', () => {
  it('are not those of ID tokens', async () => {
    const [es256, rs256] = [await signingKeyOf(app, 'ES256'), await signingKeyOf(app, 'RS256')];
    expect((await service.findPublicKey(es256.kid))?.asymmetricKeyType).toBe('ec');
    expect(await service.findPublicKey(rs256.kid)).toBeNull();
    const user = await asUser(app);
    expect(kidOf(user.token)).toBe(es256.kid);
  });
});

describe('the signing set', () => {
  it('begins, for each algorithm, with the key that signs now, and is new whenever that changes', async () => {
    const before = await service.signingSet();
    const [[es256 = ''], [rs256 = '']] = await bothKids();
    expect(kidsOf(before)).toEqual([`ES256 ${es256}`, `RS256 ${rs256}`]);
    for (const jwk of before.keys) expect((jwk as JsonWebKey).d).toEqual(expect.any(String));

    const fresh = kidIn((await keys(['rotate', '--algorithm', 'RS256'])).stdout, 'RS256');
    await until(async () => (await service.signingSet()).version !== before.version, FOLLOW_MS);
    await signs('RS256', fresh);
    const after = await service.signingSet();
    expect(kidsOf(after)).toEqual([`ES256 ${es256}`, `RS256 ${fresh}`, `RS256 ${rs256}`]);
    expect((await service.current('ES256')).kid).toBe(es256);
    expect([before.version, after.version]).not.toContain('');
    expect(after.version).not.toBe(before.version);
  });

  it('is the same while nothing changes, however often the keys are read', async () => {
    const before = await service.signingSet();
    await service.reload();
    expect(await service.signingSet()).toBe(before);
  });

  it('changes its order when a key that was published ahead begins to sign, and loses what is over', async () => {
    const [first = ''] = await publishedKids(app.call, 'ES256');
    const ahead = p256();
    await storeKey(app, 'ahead', ahead, new Date(Date.now() + 600_000));
    await app.db.query(`UPDATE signing_keys SET active_from = now() + interval '5 minutes' WHERE kid = 'ahead'`);
    await service.reload();
    const waiting = await service.signingSet();
    expect(kidsOf(waiting).slice(0, 2)).toEqual([`ES256 ${first}`, 'ES256 ahead']);
    await app.db.query(`UPDATE signing_keys SET active_from = now() - interval '1 second' WHERE kid = 'ahead'`);
    await service.reload();
    const signing = await service.signingSet();
    expect(kidsOf(signing).slice(0, 2)).toEqual(['ES256 ahead', `ES256 ${first}`]);
    expect(signing.version).not.toBe(waiting.version);
    await app.db.query(`UPDATE signing_keys SET retired_at = now() - interval '1 second' WHERE kid = 'ahead'`);
    await service.reload();
    const over = await service.signingSet();
    expect(kidsOf(over)).not.toContain('ES256 ahead');
    expect(over.version).not.toBe(signing.version);
  });
});

describe('a key of ID tokens that was replaced', () => {
  it('is published for as long as an ID token lives, and the key of access tokens is not touched', async () => {
    const [es256, [old]] = await bothKids();
    const { stdout } = await keys(['rotate', '--algorithm', 'RS256']);
    expect(stdout).toMatch(/^signing with [\w-]{43} \(RS256\)\n$/);
    expect(await publishedKids(app.call, 'ES256')).toEqual(es256);
    const kept = await app.db.query('SELECT algorithm FROM signing_keys WHERE retired_at IS NULL ORDER BY algorithm');
    expect(kept).toEqual([{ algorithm: 'ES256' }, { algorithm: 'RS256' }]);
    const [row] = await app.db.query<{ life: number }>(
      'SELECT extract(epoch FROM retired_at - now())::int AS life FROM signing_keys WHERE kid = $1',
      [old],
    );
    expect(row?.life).toBeGreaterThan(3600);
    expect(row?.life).toBeLessThan(3700);
  });

  it('goes with the other one, by a rotation that names none', async () => {
    const { stdout } = await keys(['rotate']);
    expect(stdout.split('\n')).toHaveLength(3);
    await signs('ES256', kidIn(stdout, 'ES256'));
    await signs('RS256', kidIn(stdout, 'RS256'));
  });
});

describe('a database of before', () => {
  it('gets its key for RS256 at the next start, and keeps the one for ES256', async () => {
    await app.db.query(`DELETE FROM signing_keys WHERE algorithm = 'RS256'`);
    const [before] = await bothKids();
    await (await startInstance(app.settings)).stop();
    await until(async () => (await publishedKids(app.call, 'RS256')).length === 1, FOLLOW_MS);
    expect(await publishedKids(app.call, 'ES256')).toEqual(before);
    const rows = await app.db.query(`SELECT active_from <= now() AS signs FROM signing_keys WHERE algorithm = 'RS256'`);
    expect(rows).toEqual([{ signs: true }]);
  });
});

describe('npm run keys:import', () => {
  it('takes an RSA key for ID tokens, and leaves the one of access tokens', async () => {
    const { kid } = await service.current('ES256');
    const key = rsa();
    writeFileSync(join(folder, 'rsa.pem'), pemOf(key));
    const { code, stdout } = await keys(['import', join(folder, 'rsa.pem')]);
    expect([code, kidIn(stdout, 'RS256')]).toEqual([0, await thumbprint(key)]);
    await signs('RS256', await thumbprint(key));
    expect((await service.current('ES256')).kid).toBe(kid);
  });
});

describe('SIGNING_KEY', () => {
  const start = async (key: KeyObject) => (await startInstance({ ...app.settings, SIGNING_KEY: pemOf(key) })).stop();

  it('is what signs, also when it had been replaced, and no command changes that', async () => {
    const key = p256();
    const [kid, user] = [await thumbprint(key), await asUser(app)];
    await start(key);
    await signs('ES256', kid);
    expect(kidOf((await login(app, user)).token)).toBe(kid);
    for (const args of [['rotate'], ['rotate', '--algorithm', 'ES256']]) {
      expect(await keys(args, { SIGNING_KEY: pemOf(key) })).toEqual(failedWith(IS_SET));
    }
    await signs('ES256', kidIn((await keys(['rotate'])).stdout, 'ES256'));
    await start(key);
    await signs('ES256', kid);
  });

  it('decides for its algorithm alone', async () => {
    const key = rsa();
    const { kid } = await service.current('ES256');
    await start(key);
    await signs('RS256', await thumbprint(key));
    expect((await service.current('ES256')).kid).toBe(kid);
    const settings = { SIGNING_KEY: pemOf(key) };
    expect(await keys(['rotate'], settings)).toEqual(failedWith(IS_SET));
    const { stdout } = await keys(['rotate', '--algorithm', 'ES256'], settings);
    await signs('ES256', kidIn(stdout, 'ES256'));
    expect((await service.current('RS256')).kid).toBe(await thumbprint(key));
  });
});
