import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnv } from '../src/config/env.js';
import { secretSources } from '../src/config/secret-sources.js';
import { type Answer, send, Vault } from './support/vault-server.js';

const PATH = 'secret/rampart/api';
const secrets = {
  DATABASE_URL: 'postgres://u:p@127.0.0.1/d',
  SECRET_KEY: randomBytes(32).toString('base64'),
};

let vault: Vault;
let settings: NodeJS.ProcessEnv;
let token: string;
let folder: string;

beforeEach(async () => {
  vault = new Vault(secrets);
  folder = mkdtempSync(join(tmpdir(), 'rampart-vault-'));
  token = newToken();
  const VAULT_ADDR = await vault.start();
  settings = { VAULT_ADDR, VAULT_TOKEN_FILE: join(folder, 'token'), VAULT_SECRET_PATH: PATH };
});
afterEach(async () => {
  await vault.stop();
  rmSync(folder, { recursive: true });
});

/** Writes another token where the agent would, and makes it the only one the vault takes. */
function newToken(): string {
  const value = `hvs.${randomBytes(12).toString('hex')}`;
  writeFileSync(join(folder, 'token'), `${value}\n`);
  vault.tokens.clear();
  vault.tokens.add(value);
  return value;
}

/** The one line about settings that are refused. It may not hold the token or a secret. */
async function refusal(changes: NodeJS.ProcessEnv = {}): Promise<string> {
  const outcome = await readEnv({ ...settings, ...changes }).then(
    () => 'accepted',
    (error: Error) => error.message,
  );
  for (const hidden of [token, ...Object.values(secrets)]) expect(outcome).not.toContain(hidden);
  expect(outcome).not.toContain('\n');
  return outcome;
}

describe('secrets from Vault', () => {
  it('are read with the token, once for all of them', async () => {
    expect(await readEnv(settings)).toMatchObject(secrets);
    expect(vault.requests.map(({ headers }) => headers['x-vault-token'])).toEqual([token]);
    expect(vault.requests[0]?.headers).not.toHaveProperty('x-vault-namespace');
  });

  it('are read in a namespace', async () => {
    vault.namespace = 'team/backend';
    expect(await readEnv({ ...settings, VAULT_NAMESPACE: 'team/backend' })).toMatchObject(secrets);
    expect(await refusal({ VAULT_NAMESPACE: 'team/other' })).toMatch(/answered 403$/);
  });

  it('are read behind a path of a gateway', async () => {
    vault.answer = (request, response) => {
      request.url = request.url?.replace('/vault/', '/');
      vault.read(request, response);
    };
    expect(await readEnv({ ...settings, VAULT_ADDR: `${settings.VAULT_ADDR}/vault/` })).toMatchObject(secrets);
  });

  it('stand behind NAME and NAME_FILE, which are nearer', async () => {
    const key = randomBytes(32).toString('base64');
    const file = join(folder, 'key');
    writeFileSync(file, key);
    expect((await readEnv({ ...settings, SECRET_KEY: key })).SECRET_KEY).toBe(key);
    expect((await readEnv({ ...settings, SECRET_KEY_FILE: file })).SECRET_KEY).toBe(key);
  });

  it('are no settings: a variable that is no secret is not taken from there', async () => {
    vault.data = { ...secrets, PORT: '1', NODE_ENV: 'production' };
    expect(await readEnv(settings)).toMatchObject({ PORT: 3000, NODE_ENV: 'development' });
  });

  it('may be absent there, which is like not set', async () => {
    vault.data = { DATABASE_URL: secrets.DATABASE_URL };
    expect(await refusal()).toMatch(/^SECRET_KEY is missing/);
  });

  it('must be text', async () => {
    vault.data = { ...secrets, SECRET_KEY: 12, SIGNING_KEY: null };
    expect(await refusal()).toBe('SECRET_KEY must be text in the vault; SIGNING_KEY must be text in the vault');
  });
});

describe('the token of Vault', () => {
  it('is read again at each start', async () => {
    await readEnv(settings);
    const second = newToken();
    await readEnv(settings);
    expect(vault.requests.map(({ headers }) => headers['x-vault-token'])).toEqual([token, second]);
  });

  it('is read again when it was renewed while it was being used', async () => {
    vault.answer = (request, response) => {
      if (vault.requests.length === 1) newToken();
      vault.read(request, response);
    };
    expect(await readEnv(settings)).toMatchObject(secrets);
    expect(vault.requests).toHaveLength(2);
  });

  it('is sent once when it is refused and nobody has renewed it', async () => {
    vault.tokens.clear();
    expect(await refusal()).toBe('VAULT_SECRET_PATH cannot be read: the vault answered 403');
    expect(vault.requests).toHaveLength(1);
  });

  it.each([
    ['', 'holds no token'],
    ['hvs.one\nhvs.two', 'holds no token'],
    ['hvs.ö', 'holds no token'],
  ])('is not sent when the file holds %j', async (content, words) => {
    writeFileSync(join(folder, 'token'), content);
    expect(await refusal()).toBe(`VAULT_TOKEN_FILE names a file that ${words}`);
    expect(vault.requests).toEqual([]);
  });

  it('is missed when there is no such file', async () => {
    expect(await refusal({ VAULT_TOKEN_FILE: join(folder, 'none') })).toBe(
      'VAULT_TOKEN_FILE names a file that cannot be read',
    );
  });
});

describe('a vault that does not give the secrets', () => {
  it.each([
    [404, { errors: [] }],
    [500, { errors: ['internal'] }],
    [503, { errors: ['Vault is sealed'] }],
  ])('is named when it answers %i', async (status, body) => {
    vault.answer = (_, response) => send(response, status, body);
    expect(await refusal()).toBe(`VAULT_SECRET_PATH cannot be read: the vault answered ${status}`);
  });

  it('is not followed to another place, which would receive the token', async () => {
    const other = new Vault(secrets);
    const location = `${await other.start()}/v1/secret/data/rampart/api`;
    other.tokens.add(token);
    vault.answer = (_, response) => send(response, 307, {}, { location });
    expect(await refusal()).toBe('VAULT_SECRET_PATH cannot be read: the vault answered 307');
    expect(other.requests).toEqual([]);
    await other.stop();
  });

  it.each<[string, Answer]>([
    ['never answers', () => undefined],
    ['stops in the middle', (_, response) => void response.writeHead(200).write('{"data":')],
    ['hangs up', ({ socket }) => void socket.destroy()],
  ])('is given up within 5 seconds when it %s', async (_, answer) => {
    vault.answer = answer;
    const startedAt = performance.now();
    expect(await refusal()).toBe('VAULT_ADDR names a vault that did not answer within 3 seconds');
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it.each([
    ['one of KV version 1', { data: secrets }],
    ['a deleted version', { data: { data: null, metadata: { destroyed: false } } }],
    ['a list', { data: { data: Object.values(secrets) } }],
    ['nothing', null],
  ])('is named when the secret is %s', async (_, body) => {
    vault.answer = (_request, response) => send(response, 200, body);
    expect(await refusal()).toBe('VAULT_SECRET_PATH names no secret of KV version 2');
  });

  it('is named when it answers with a page', async () => {
    vault.answer = (_, response) => void response.end('<html>');
    expect(await refusal()).toBe('VAULT_SECRET_PATH names no secret of KV version 2');
  });

  it('is named together with settings that have nothing to do with it', async () => {
    vault.tokens.clear();
    expect(await refusal({ PORT: 'x' })).toMatch(/^VAULT_SECRET_PATH cannot be read: .*; PORT must be [^;]+$/);
  });
});

describe('VAULT_ADDR, VAULT_SECRET_PATH and VAULT_NAMESPACE', () => {
  it('need each other', async () => {
    const words = 'VAULT_ADDR needs VAULT_TOKEN_FILE and VAULT_SECRET_PATH beside it';
    expect(await refusal({ VAULT_TOKEN_FILE: '' })).toBe(words);
    expect(await refusal({ VAULT_SECRET_PATH: '' })).toBe(words);
  });

  it.each(['http://vault.example.com:8200', 'http://10.0.0.7:8200', 'http://127.0.0.1.example.com'])(
    'may not be %s in production, where the token would travel in clear',
    async (VAULT_ADDR) => {
      expect(await refusal({ VAULT_ADDR, NODE_ENV: 'production' })).toContain(
        'VAULT_ADDR must be an https URL in production',
      );
    },
  );

  it('may be http on this machine in production', async () => {
    const production = { ...settings, NODE_ENV: 'production', PUBLIC_URL: 'https://api.example.com' };
    expect(await readEnv(production)).toMatchObject(secrets);
  });

  it.each(['vault', 'ftp://vault', 'https://user:pass@vault', 'https://vault/?a=b'])(
    'is no URL: %s',
    async (address) => {
      expect(await refusal({ VAULT_ADDR: address })).toMatch(/^VAULT_ADDR must be a URL/);
    },
  );

  it.each(['secret', '/', 'secret/../../sys/health', 'secret/./a'])('is no path: %s', async (path) => {
    expect(await refusal({ VAULT_SECRET_PATH: path })).toBe('VAULT_SECRET_PATH must be of the form <mount>/<path>');
    expect(vault.requests).toEqual([]);
  });

  it('is no namespace: two lines', async () => {
    expect(await refusal({ VAULT_NAMESPACE: 'a\r\nx-vault-token: b' })).toBe(
      'VAULT_NAMESPACE must be visible ASCII characters',
    );
  });
});

describe('another secret manager', () => {
  it('is one more function beside the vault', async () => {
    const inMemory = (env: NodeJS.ProcessEnv) => {
      return env.MEMORY === 'on' ? { read: async (name: string) => (name === 'A' ? 'kept' : undefined) } : undefined;
    };
    const sources = await secretSources({ MEMORY: 'on', B: 'near' }, [inMemory]);
    expect([await sources.read('A'), await sources.read('B'), await sources.read('C')]).toEqual([
      'kept',
      'near',
      undefined,
    ]);
    expect(await (await secretSources({}, [inMemory])).read('A')).toBeUndefined();
  });
});
