import { once } from 'node:events';
import { copyFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { type Certificate, certificate } from '../support/certificates.js';
import { freePort } from '../../scripts/lib/network.mjs';
import { type Instance, startInstance } from '../support/process.js';
import { request as raw, sendRaw } from '../support/raw-http.js';
import { until } from '../../scripts/lib/until.mjs';

const LIVE = '/health/live';

let app: TestApp;
let first: Certificate;
let second: Certificate;
let api: Instance;
let plainUrl: string;
let port: number;

beforeAll(async () => {
  [app, first, second] = await Promise.all([startApp(), certificate(), certificate()]);
  const plainPort = await freePort();
  plainUrl = `http://127.0.0.1:${plainPort}`;
  api = await startInstance({
    ...app.settings,
    LOG_LEVEL: 'info',
    PUBLIC_URL: 'https://api.example.com',
    TLS_CERT_FILE: first.certFile,
    TLS_KEY_FILE: first.keyFile,
    PLAIN_PORT: String(plainPort),
  });
  port = Number(new URL(api.url).port);
});

afterAll(async () => {
  await api.stop();
  await app.stop();
  await Promise.all([first.remove(), second.remove()]);
});

/** A handshake with these wishes; rejects when the server refuses them. */
async function handshake(wishes: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, ...wishes });
  await once(socket, 'secureConnect');
  return socket;
}

const get = (agent: Agent, path = LIVE) =>
  new Promise<{ status?: number; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    request(
      { agent, port, host: '127.0.0.1', servername: 'localhost', path, ca: [first.cert, second.cert] },
      (answer) => {
        answer.resume().on('end', () => resolve({ status: answer.statusCode, headers: answer.headers }));
      },
    )
      .on('error', reject)
      .end();
  });

describe('TLS', () => {
  it('is spoken with a certificate from files, and says that only https is to be used', async () => {
    const agent = new Agent();
    const { status, headers } = await get(agent);
    expect(status).toBe(200);
    expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
    agent.destroy();
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('takes %s', async (version) => {
    const socket = await handshake({ minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    socket.destroy();
  });

  it.each([
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }],
    ['a cipher of CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA' }],
    [
      'a key exchange without forward secrecy',
      { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES256-GCM-SHA384' },
    ],
    ['HTTP/2', { ALPNProtocols: ['h2'] }],
  ] as const)('refuses %s', async (_, wishes) => {
    await expect(handshake(wishes as ConnectionOptions)).rejects.toThrow(
      /alert|no protocols|handshake|EPROTO|ECONNRESET/i,
    );
  });

  it('answers nothing to who does not speak it', async () => {
    const { bytes } = await sendRaw(api.url, raw(`GET ${LIVE} HTTP/1.1`));
    expect(bytes.toString('latin1')).not.toContain('HTTP/1.1 200');
  });

  it('hangs up on who never finishes the handshake', async () => {
    const socket = connectPlain(port, '127.0.0.1').resume();
    socket.on('error', () => undefined);
    const since = performance.now();
    await once(socket, 'close');
    expect(performance.now() - since).toBeLessThan(15_000);
  });
});

describe('SIGHUP', () => {
  /** What a new connection is shown. */
  const shown = async () => {
    const socket = await handshake();
    const { fingerprint } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint.toLowerCase();
  };
  const fingerprintOf = ({ fingerprint }: Certificate) => fingerprint.toLowerCase();

  it('shows new connections the new certificate and drops none that exists', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await get(agent)).status).toBe(200);
    const [before] = Object.values(agent.freeSockets)[0] ?? [];
    expect(await shown()).toBe(fingerprintOf(first));
    await copyFile(second.certFile, first.certFile);
    await copyFile(second.keyFile, first.keyFile);
    api.child.kill('SIGHUP');
    await until(async () => (await shown()) === fingerprintOf(second), 5000);
    expect((await get(agent)).status).toBe(200);
    expect(Object.values(agent.freeSockets)[0]?.[0]).toBe(before);
    agent.destroy();
  });

  it.each([
    ['is no certificate', () => writeFile(first.certFile, 'nonsense')],
    ['is the certificate of another key', () => writeFile(first.certFile, first.cert)],
  ])('keeps the old one when the file %s', async (_, spoil) => {
    await spoil();
    const said = api.output().length;
    api.child.kill('SIGHUP');
    await until(async () => api.output().slice(said).includes('the old one stays'), 5000);
    expect(await shown()).toBe(fingerprintOf(second));
    expect(api.output()).not.toContain('PRIVATE KEY');
  });
});

describe('the plain port', () => {
  const plain = (method: string, path: string, init: RequestInit = {}) =>
    fetch(plainUrl + path, { method, redirect: 'manual', ...init });

  it.each([
    ['GET', '/docs'],
    ['HEAD', '/docs?a=b&c=%2F'],
    ['GET', '//evil.example.com/x'],
    ['GET', '/'],
  ])('sends %s %s to https, on our own host', async (method, path) => {
    const answer = await plain(method, path, { headers: { host: 'evil.example.com' } });
    expect([answer.status, answer.headers.get('location')]).toEqual([308, `https://api.example.com${path}`]);
    expect(answer.headers.get('strict-transport-security')).toBeNull();
  });

  it.each([
    ['GET', '/api/v1/users/me'],
    ['GET', '/%61pi/v1/users/me'],
    ['HEAD', '/api'],
    ['POST', '/api/v1/auth/login'],
    ['POST', '/docs'],
    ['OPTIONS', '/docs'],
    ['DELETE', '/api/v1/data/1'],
  ])('refuses %s %s and forwards it nowhere', async (method, path) => {
    const answer = await plain(method, path);
    expect([answer.status, answer.headers.get('location')]).toEqual([403, null]);
    const body = method === 'HEAD' ? { code: 'https_required' } : await answer.json();
    expect(body).toMatchObject({ code: 'https_required' });
  });

  it('counts as every other request by its address', async () => {
    expect((await plain('GET', '/docs')).headers.get('ratelimit')).toContain('"address"');
  });
});
