import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { withinRequestTime } from '../database/time-limits.js';
import { Problem } from '../errors/problem.js';
import { beginExchange } from './exchange.js';
import { FormTokens } from '../security/form-tokens.js';
import { RateLimits } from '../security/rate-limits.js';
import { RepeatedFields } from '../security/repeated-fields.js';
import { OAuthProvider } from './oauth-provider.service.js';
import { Registration } from './registration.service.js';
import { authorizeByPost, PREFIX, registrationRoutes, type Route, routeTable } from './route-table.js';

const CREDENTIALS = new RepeatedFields('authorization');

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** The routes of the authorization server, each in the table of Fastify: hooks, limits, ids, logs and 405 are those of every route. */
@Injectable()
export class OAuthRoutes {
  constructor(
    private readonly provider: OAuthProvider,
    private readonly limits: RateLimits,
    private readonly forms: FormTokens,
    private readonly registration: Registration,
  ) {}

  register(instance: FastifyInstance): void {
    void instance.register((scope, _options, done) => {
      // The library reads the body itself, from the socket.
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
      const routes = [...routeTable, ...(this.registration.isOpen ? registrationRoutes : [])];
      for (const route of routes) this.add(scope, route);
      done();
    });
    // A form may ask for authorization as well as a link (OpenID Connect Core section 3.1.2.1).
    instance.post(`${PREFIX}/authorize`, { config: authorizeByPost.config }, async (request, reply) => {
      await this.limits.byPrincipal(request, reply, null);
      return authorizeByPost.handler(request, reply);
    });
  }

  private add(scope: FastifyInstance, { methods, url, path, config }: Route): void {
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].toSorted().join(', ');
    const handler: Handler = async (request, reply) => {
      // Its forms have a token of the library; where they come from it does not ask.
      if (config.refusals === 'page' && request.method === 'POST') this.forms.requireOurPage(request);
      const isPlainOptions = request.method === 'OPTIONS' && !request.headers['access-control-request-method'];
      if (!isPlainOptions) return this.answer(request, reply, path);
      await this.limits.byPrincipal(request, reply, null);
      return reply.code(204).header('allow', allow).send();
    };
    scope.route({ method: methods, url, handler, config });
  }

  /** Hands the request over to the library, which answers on the socket. */
  private async answer(request: FastifyRequest, reply: FastifyReply, path?: string): Promise<void> {
    // Node keeps the first of two: who counts on the last would be somebody else here than there.
    if (CREDENTIALS.isIn(request.raw.rawHeaders))
      throw new Problem('credentials_ambiguous', { detail: 'Send one Authorization field.' });
    beginExchange(request, reply);
    const provider = await this.provider.current();
    const { raw } = request;
    const { url: asked = '' } = raw;
    const url = path ?? (asked.startsWith(`${PREFIX}/`) ? asked.slice(PREFIX.length) : asked);
    reply.hijack();
    Object.assign(raw, { originalUrl: PREFIX + url, url });
    await withinRequestTime(() => provider.callback()(raw, reply.raw));
  }
}
