import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { assets } from '../../src/pages/assets.js';
import { formPagePolicy } from '../../src/security/security-headers.js';

/** What a page was asked for. */
export interface Visit {
  readonly method: string;
  readonly path: string;
  readonly form: URLSearchParams;
}

export interface Shown {
  readonly page?: string;
  readonly json?: unknown;
  readonly status?: number;
  readonly location?: string;
  readonly policy?: string;
}

/** Shows pages as they are shown to people, under their real policy and with their real files, without the application around them. */
export class PageServer {
  readonly visits: Visit[] = [];

  private constructor(
    private readonly server: Server,
    private answer: (visit: Visit) => Shown | undefined | Promise<Shown | undefined>,
  ) {}

  static async start(): Promise<PageServer> {
    const server = createServer((request, response) => void pages.serve(request, response));
    const pages = new PageServer(server, () => undefined);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return pages;
  }

  get origin(): string {
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on. */
  show(answer: PageServer['answer']): void {
    this.visits.length = 0;
    this.answer = answer;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const asset = Object.values(assets).find(({ path }) => path === url);
    if (asset) return void response.setHeader('content-type', asset.type).end(asset.body);
    const visit = { method, path: url, form: new URLSearchParams(await text(request)) };
    this.visits.push(visit);
    const shown = await this.answer(visit);
    response.setHeader('content-security-policy', shown?.policy ?? formPagePolicy());
    if (shown?.location !== undefined) return void response.writeHead(303, { location: shown.location }).end();
    if (shown?.json) return void response.setHeader('content-type', 'application/json').end(JSON.stringify(shown.json));
    response
      .writeHead(shown?.status ?? (shown ? 200 : 404), { 'content-type': 'text/html; charset=utf-8' })
      .end(shown?.page ?? 'nothing');
  }
}
