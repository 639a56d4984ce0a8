import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { asUser, type TestCaller } from '../support/callers.js';
import { aRecord } from '../support/factories.js';
import { until } from '../../scripts/lib/until.mjs';

const RECORDS = 60;
const LIMIT_MS = 15_000;
const DRIP_MS = 500;

let app: TestApp;
let user: TestCaller;
/** The server's ends, by the port of the client's. */
const accepted = new Map<number | undefined, Socket>();

beforeAll(async () => {
  app = await startApp();
  app.nest
    .getHttpAdapter()
    .getInstance()
    .server.on('connection', (socket: Socket) => accepted.set(socket.remotePort, socket));
  user = await asUser(app);
  const json = aRecord({ content: 'x'.repeat(60_000) });
  for (let i = 0; i < RECORDS; i += 1) await user.call('POST', '/api/v1/data', { json });
});

afterAll(() => app.stop());

const head = (line: string, ...fields: string[]) => [line, 'Host: localhost', ...fields].join('\r\n');
const CONNECT = head('CONNECT example.com:443 HTTP/1.1', '\r\n');
const POST = head('POST /api/v1/auth/login HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 10000');
const list = () => head('GET /api/v1/data?limit=100 HTTP/1.1', `Authorization: Bearer ${user.token}`, '\r\n');

/** What is sent at once, and again and again. */
const clients: readonly [title: string, first: () => string, drip?: string][] = [
  ['says nothing', () => ''],
  ['stops within a line', () => 'GET / HT'],
  ['sends a header now and then', () => head('GET / HTTP/1.1', ''), 'X-A: b\r\n'],
  ['promises a body', () => `${POST}\r\n\r\n`],
  ['sends a byte of its body now and then', () => `${POST}\r\n\r\n`, 'x'],
  [
    'sends a chunk now and then',
    () => `${head('POST /nowhere HTTP/1.1', 'Transfer-Encoding: chunked')}\r\n\r\n`,
    '1\r\nx\r\n',
  ],
  ['stays after its answer', () => head('GET /health/live HTTP/1.1', '\r\n')],
];

function open(first: string, options: { allowHalfOpen?: boolean } = {}): Socket {
  const { hostname: host, port } = new URL(app.url);
  const socket = connect({ host, port: Number(port), ...options });
  socket.on('error', () => undefined);
  socket.write(first);
  return socket;
}

async function serverEndOf(client: Socket): Promise<Socket> {
  await until(async () => accepted.has(client.localPort), LIMIT_MS);
  return accepted.get(client.localPort) as Socket;
}

/** Milliseconds until the server hangs up. */
async function heldBy(first: string, drip?: string): Promise<number> {
  const since = performance.now();
  const socket = open(first).resume();
  const timer = setInterval(() => drip && socket.write(drip), DRIP_MS);
  await once(socket, 'close');
  clearInterval(timer);
  return performance.now() - since;
}

describe('a connection', () => {
  it.concurrent.each(clients)('is not held longer than 15 seconds by a client that %s', async (_, first, drip) => {
    expect(await heldBy(first(), drip)).toBeLessThan(LIMIT_MS);
  });

  it.concurrent.each([
    ['does not read its answer', list],
    ['does not hang up after CONNECT is refused', () => CONNECT],
    ['does not hang up after nonsense is refused', () => 'nonsense\r\n\r\n'],
  ])('is not held longer than 15 seconds by a client that %s', async (_, first) => {
    const client = open(first(), { allowHalfOpen: true }).pause();
    const socket = await serverEndOf(client);
    await once(socket, 'close');
    expect(socket.bytesWritten).toBeGreaterThan(0);
  });

  // An error that nobody listens for would end this very process.
  it('that is reset after CONNECT takes nothing else along', async () => {
    const client = open('');
    const socket = await serverEndOf(client);
    client.write(CONNECT);
    client.resetAndDestroy();
    // Not events.once(), which would listen for that error.
    await new Promise((resolve) => socket.once('close', resolve));
    expect((await app.call('GET', '/health/live')).status).toBe(200);
  });
});
