import { Injectable } from '@nestjs/common';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { SessionsService } from '../auth/sessions.service.js';
import { ProblemFilter } from '../errors/problem.filter.js';
import type { Problem } from '../errors/problem.js';
import { translate } from '../errors/translate.js';
import { identityScopes, scopes } from '../security/scopes.js';
import { sentOnPolicy } from '../security/security-headers.js';
import { ClientLimits } from './client-limits.js';
import { type Exchange, exchangeOf } from './exchange.js';
import { GrantsService } from './grants.service.js';
import { takeCodeOfLink } from './device-pages.js';
import { logout } from './logout-pages.js';
import { Registration } from './registration.service.js';
import { OwnTokensService } from './own-tokens.service.js';

/** Around every answer of the library: the headers of the layers, the second step of the limits, and what we answer in its place. */
@Injectable()
export class OAuthLayers {
  constructor(
    private readonly limits: ClientLimits,
    private readonly tokens: OwnTokensService,
    private readonly sessions: SessionsService,
    private readonly problems: ProblemFilter,
    private readonly registration: Registration,
    private readonly grants: GrantsService,
  ) {}

  async handle(ctx: KoaContextWithOIDC, next: () => Promise<unknown>): Promise<void> {
    const exchange = exchangeOf(ctx.req);
    copyHeaders(exchange, ctx);
    takeCodeOfLink(ctx);
    // The library has an error page for whoever takes one: it is no answer to an application, and wrong secrets in it went uncounted.
    if (exchange.request.routeOptions.config.refusals !== 'page') ctx.req.headers.accept = 'application/json';
    try {
      await next();
      if (exchange.failure === undefined) {
        await this.answerForTokens(ctx, exchange);
        await this.followUp(ctx, exchange);
        await this.limits.settle(ctx);
      }
    } catch (error) {
      exchange.failure = error;
    }
    if (exchange.failure !== undefined) this.refuse(ctx, exchange, translate(exchange.failure));
    exchange.request.refusal ??= (ctx.body as { error?: string } | undefined)?.error ?? null;
    copyHeaders(exchange, ctx, 'ratelimit');
  }

  /** What the library has done, and does not know to be more than its own. */
  private async followUp(ctx: KoaContextWithOIDC, { request }: Exchange): Promise<void> {
    const { route, session } = ctx.oidc ?? {};
    if (route === 'discovery') Object.assign(ctx.body as object, { scopes_supported: [...identityScopes, ...scopes] });
    if (route === 'device_authorization') this.shorten(ctx);
    if (route === 'registration' && ctx.status === 201) ctx.body = this.registration.answer(ctx);
    this.letFormPost(ctx);
    const { Grant: grant } = ctx.oidc?.entities ?? {};
    if (route === 'token' && ctx.status === 200 && grant?.jti) await this.grants.noteUse(grant.jti);
    const { destroyed, accountId, uid } = (session ?? {}) as { destroyed?: boolean; accountId?: string; uid?: string };
    // Where nobody is signed in the library sends its form off by an inline script, which our policy does not let run.
    if (route === 'end_session' && !accountId && ctx.status === 200) await logout.logoutSource(ctx);
    if (destroyed && accountId && uid) await this.sessions.endOf(accountId, uid, request.id);
  }

  /** `response_mode=form_post`: a page of the library, which a script of its own sends on to the redirect URI. */
  private letFormPost(ctx: KoaContextWithOIDC): void {
    const { response_mode: mode, redirect_uri: uri } = (ctx.oidc?.params ?? {}) as Record<string, string | undefined>;
    if (mode !== 'form_post' || uri === undefined || typeof ctx.body !== 'string') return;
    const [, script] = /<script>([^<]*)<\/script>/.exec(ctx.body) ?? [];
    if (script !== undefined) ctx.set('content-security-policy', sentOnPolicy(script, uri));
  }

  /** The address that people type from a screen. */
  private shorten({ body }: KoaContextWithOIDC): void {
    const uris = body as { verification_uri?: string; verification_uri_complete?: string };
    for (const name of ['verification_uri', 'verification_uri_complete'] as const) {
      const uri = uris[name];
      if (uri) uris[name] = uri.replace('/oauth/device', '/device');
    }
  }

  /** The library has authenticated the client, and declines JWTs. */
  private async answerForTokens(ctx: KoaContextWithOIDC, { request }: Exchange): Promise<void> {
    const { error } = (ctx.body ?? {}) as { error?: string };
    if (error !== 'unsupported_token_type') return;
    const { client, params, route } = ctx.oidc;
    const token = (params as { token?: string }).token ?? '';
    if (!client) return;
    ctx.status = 200;
    if (route === 'introspection') ctx.body = await this.tokens.introspect(client.clientId, token);
    else if (route === 'revocation') {
      await this.tokens.revoke(client.clientId, token, request);
      ctx.body = '';
    }
  }

  private refuse(ctx: KoaContextWithOIDC, { request, failure }: Exchange, problem: Problem): void {
    ctx.remove('Location');
    // It came to be while the library had found out already that a secret was wrong.
    ctx.remove('WWW-Authenticate');
    const { body, headers } = this.problems.wordsOf(problem, request, problem.options.cause ?? failure);
    ctx.status = problem.status;
    ctx.body = body;
    ctx.set({ ...headers });
  }
}

/** What the layers have said so far. CORS is the library's: it knows which client asks, and the authorization endpoint has none. */
function copyHeaders({ reply }: Exchange, ctx: KoaContextWithOIDC, prefix = ''): void {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value === undefined || !name.startsWith(prefix) || name.startsWith('access-control-')) continue;
    ctx.set(name, typeof value === 'number' ? String(value) : value);
  }
}
