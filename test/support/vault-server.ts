import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** The read endpoint of KV version 2: `GET /v1/<mount>/data/<path>` with a token and, if there is one, a namespace. */
export class Vault {
  readonly requests: IncomingMessage[] = [];
  readonly tokens = new Set<string>();
  namespace: string | undefined;
  /** In place of the protocol. */
  answer: Answer = (request, response) => this.read(request, response);
  private readonly server: Server = createServer((request, response) => {
    this.requests.push(request);
    this.answer(request, response);
  });

  constructor(public data: Record<string, unknown>) {}

  async start(): Promise<string> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await once(this.server.close(), 'close');
  }

  read({ method, url, headers }: IncomingMessage, response: ServerResponse): void {
    const allowed =
      this.tokens.has(String(headers['x-vault-token'])) && headers['x-vault-namespace'] === this.namespace;
    if (!allowed) return send(response, 403, { errors: ['permission denied'] });
    if (method !== 'GET' || url !== '/v1/secret/data/rampart/api') return send(response, 404, { errors: [] });
    const metadata = { created_time: '2026-01-01T00:00:00Z', deletion_time: '', destroyed: false, version: 3 };
    return send(response, 200, {
      request_id: 'r',
      lease_id: '',
      renewable: false,
      data: { data: this.data, metadata },
    });
  }
}

export function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
