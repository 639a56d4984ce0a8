import { connect } from 'node:net';
import { type Answer, jsonOf } from './http.js';

/** An answer as it came over the socket. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of a repeated field all values, joined. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  /** Everything, head and body. */
  readonly bytes: Buffer;
}

/** Sends these very bytes, which no HTTP client would, and reads until the server closes. */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve());
    // Bytes that come after the server has closed are answered with a reset; what it said before still counts.
    socket.on('error', (error) => (chunks.length > 0 ? resolve() : reject(error)));
    socket.write(bytes);
  });
  return parse(Buffer.concat(chunks));
}

/** A request that ends its connection: `line` is `GET /path HTTP/1.1`, headers as they stand. */
export const request = (line: string, headers: readonly string[] = [], body = ''): string =>
  `${[line, 'Host: localhost', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n${body}`;

/**
 * Sends fields as they are written: the first line and the others without line ends, then the body. `Host`, `Content-Length`
 * and `Connection: close` are added unless they are there.
 */
export async function sendLines(url: string, lines: readonly string[], body: string | Buffer = ''): Promise<Answer> {
  const length = Buffer.byteLength(body);
  const standard = { host: new URL(url).host, ...(length > 0 && { 'content-length': length }), connection: 'close' };
  const isThere = (name: string) => lines.some((line) => line.toLowerCase().startsWith(`${name}:`));
  const added = Object.entries(standard).flatMap(([name, value]) => (isThere(name) ? [] : `${name}: ${value}`));
  const head = [...lines, ...added, '', ''].join('\r\n');
  const { status, headers, text } = await sendRaw(url, Buffer.concat([Buffer.from(head), Buffer.from(body)]));
  return { status, headers: new Headers([...headers]), text, body: jsonOf(text) };
}

function parse(bytes: Buffer): RawAnswer {
  const all = bytes.toString('latin1');
  const end = all.indexOf('\r\n\r\n');
  const [status = '', ...lines] = all.slice(0, end).split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  return { status: Number(status.split(' ')[1]), headers, text: bytes.subarray(end + 4).toString('utf8'), bytes };
}
