import { randomUUID } from 'node:crypto';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from './error-codes.js';
import { Problem } from './problem.js';

/** How long a refused client may take to read why. Closing at once would reset the connection, and lose the answer. */
const LINGER_MS = 1_000;

const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** An answer would wait for the end of the handshake, and keep the connection meanwhile. */
const FAILED_HANDSHAKE = /^ERR_(TLS|SSL)_/;

/**
 * Answers what Node's HTTP parser refuses, on the bare socket: no request exists yet, so no hook or filter ever sees it.
 * The same document and headers as everywhere; the connection closes, because its framing cannot be trusted any more.
 */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  headers: Readonly<Record<string, string>>,
): void {
  if (
    error.code === 'ECONNRESET' ||
    !socket.writable ||
    FAILED_HANDSHAKE.test(error.code ?? '') ||
    // A browser's spare connection, which has shaken hands and no more, would take the answer for that to its next request.
    socket.bytesRead === 0 ||
    isAnswering(socket)
  ) {
    socket.destroy();
    return;
  }
  const problem = new Problem(CODES[error.code ?? ''] ?? 'request_malformed');
  const requestId = randomUUID();
  const body = JSON.stringify(problem.document(requestId));
  const lines = Object.entries({
    ...headers,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-request-id': requestId,
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/** Whether an earlier request is being answered: a second status line would be taken for a part of that answer, or for it. */
function isAnswering(socket: Socket): boolean {
  const { _httpMessage: current } = socket as Socket & { _httpMessage?: ServerResponse | null };
  return current ? current.headersSent || current.req.complete : false;
}

/**
 * What Node answers without a word unless somebody listens: CONNECT with a closed connection, and an expectation it does not
 * know with a bare 417, which RFC 9110 section 10.1.1 leaves to us: it is ignored, and the request answered.
 */
export function answerOddRequests(server: Server, headers: Readonly<Record<string, string>>): void {
  server.on('connect', (_request, socket) => {
    // Node has taken its listeners from this socket: a client that resets it would otherwise end the process.
    socket.on('error', () => socket.destroy());
    answerClientError(new Error('no proxy'), socket as Socket, headers);
  });
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}
