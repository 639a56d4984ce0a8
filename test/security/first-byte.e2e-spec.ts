import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { type Certificate, certificate } from '../support/certificates.js';
import { until } from '../../scripts/lib/until.mjs';

const DEADLINE_MS = 10_000;
const REQUEST = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

let files: Certificate;
let app: TestApp;
/** The server's ends of its connections, by the port of the other end. */
const accepted = new Map<number | undefined, Socket>();

beforeAll(async () => {
  files = await certificate();
});
afterAll(() => files.remove());

const start = async (settings: NodeJS.ProcessEnv = {}) => {
  app = await startApp(settings);
  const { server } = app.nest.getHttpAdapter().getInstance();
  server.on('connection', (socket: Socket) => accepted.set(socket.remotePort, socket));
};
const port = () => Number(new URL(app.url).port);

async function dial(): Promise<Socket> {
  const socket = connect(port(), '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  await until(async () => accepted.has(socket.localPort), DEADLINE_MS);
  return socket;
}

/** Writes the first byte, and what follows once that has been read at the other end. */
async function hesitate(socket: Socket, bytes: Buffer): Promise<void> {
  socket.write(bytes.subarray(0, 1));
  await until(async () => accepted.get(socket.localPort)?.bytesRead === 1, DEADLINE_MS);
  socket.write(bytes.subarray(1));
}

async function answerTo(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'close');
  return text;
}

describe('a plain connection', () => {
  beforeAll(() => start());
  afterAll(() => app.stop());

  it('is served when its first byte comes alone', async () => {
    const socket = await dial();
    const answer = answerTo(socket);
    await hesitate(socket, Buffer.from(REQUEST));
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('is served when two requests come at once', async () => {
    const socket = await dial();
    const answer = answerTo(socket);
    socket.write(REQUEST.replace('Connection: close\r\n', '') + REQUEST);
    expect((await answer).match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
  });

  it.each([
    ['closes', (socket: Socket) => socket.end()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
  ])('is gone at once when a client that has said nothing %s it', async (_, leave) => {
    const socket = await dial();
    const other = accepted.get(socket.localPort);
    const closed = new Promise((resolve) => other?.once('close', resolve));
    leave(socket.resume());
    await closed;
    expect((await app.call('GET', '/health/live')).status).toBe(200);
  });

  it('has nothing of HTTP until it says something', async () => {
    const socket = await dial();
    const { parser } = accepted.get(socket.localPort) as Socket & { parser?: unknown };
    expect(parser).toBeUndefined();
    socket.destroy();
  });

  it('is closed with the server when it has said nothing', async () => {
    const socket = await dial();
    const closed = once(socket.resume(), 'close');
    await app.nest.close();
    expect(await closed).toEqual([false]);
  });
});

describe('a connection with TLS', () => {
  beforeAll(() =>
    start({ PUBLIC_URL: 'https://localhost', TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile }),
  );
  afterAll(() => app.stop());

  async function relayed(client: Socket, hello: Buffer): Promise<void> {
    const upstream = await dial();
    await hesitate(upstream, hello);
    client.pipe(upstream).pipe(client);
  }

  it('is served when the first byte of its handshake comes alone', async () => {
    const relay = createServer((client) => {
      client.once('data', (hello: Buffer) => {
        client.pause();
        void relayed(client, hello);
      });
    }).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const { port: at } = relay.address() as { port: number };
    const socket = connectTls({ port: at, host: '127.0.0.1', servername: 'localhost', ca: files.cert });
    const answer = answerTo(socket);
    socket.write(REQUEST);
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
    relay.close();
  });
});
