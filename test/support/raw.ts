import { once } from 'node:events';
import { connect } from 'node:net';
import type { Answer } from './http.js';

/**
 * Sends a request as it is written, for what a client library would refuse or tidy up: the first line and the fields without
 * line ends, then the body. `Host`, `Content-Length` and `Connection: close` are added unless they are there.
 */
export async function sendRaw(base: string, lines: readonly string[], body: string | Buffer = ''): Promise<Answer> {
  const { hostname, port, host } = new URL(base);
  const length = Buffer.byteLength(body);
  const standard = { host, ...(length > 0 ? { 'content-length': length } : {}), connection: 'close' };
  const missing = Object.entries(standard).filter(
    ([name]) => !lines.some((line) => line.toLowerCase().startsWith(`${name}:`)),
  );
  const head = [...lines, ...missing.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A server that refuses a body early may close before all of it is written; what it answered has arrived by then.
  socket.on('error', () => undefined);
  socket.write(Buffer.concat([Buffer.from(head), Buffer.from(body)]));
  await once(socket, 'close');
  return answerOf(Buffer.concat(chunks).toString('utf8'));
}

function answerOf(message: string): Answer {
  const end = message.indexOf('\r\n\r\n');
  const [statusLine = '', ...fields] = message.slice(0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? 0);
  const headers = new Headers(
    fields.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
  const text = message.slice(end + 4);
  return {
    status,
    headers,
    text,
    body: (headers.get('content-type') ?? '').includes('json') ? parse(text) : undefined,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
