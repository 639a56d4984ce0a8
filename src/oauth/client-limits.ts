import { Injectable } from '@nestjs/common';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { RateLimits } from '../security/rate-limits.js';
import { exchangeOf } from './exchange.js';

/** Where applications call by themselves, and no browser does. */
const BACK_CHANNEL: ReadonlySet<string> = new Set([
  'token',
  'revocation',
  'introspection',
  'pushed_authorization_request',
  'device_authorization',
]);

/** The second step of the limits at the authorization server, before anything is used up: what was counted too late would be lost. */
@Injectable()
export class ClientLimits {
  constructor(private readonly limits: RateLimits) {}

  /** The client has proved who it is. Throws 429 `rate_limited`. */
  async authenticated(ctx: KoaContextWithOIDC | undefined, clientId: string): Promise<void> {
    if (!ctx) return;
    const { request, reply } = exchangeOf(ctx.req);
    await this.limits.byClient(request, reply, clientId);
  }

  /** A client was found that proves nothing: it counts as nobody, as whoever else may say its name. */
  async found(ctx: KoaContextWithOIDC | undefined): Promise<void> {
    if (!ctx || !BACK_CHANNEL.has(ctx.oidc.route)) return;
    const { request, reply } = exchangeOf(ctx.req);
    await this.limits.byPrincipal(request, reply, null);
  }

  /** Step two of whatever has not had it yet. Throws 429 `rate_limited`. */
  async settle(ctx: KoaContextWithOIDC): Promise<void> {
    const { request, reply } = exchangeOf(ctx.req);
    const { AccessToken: token } = ctx.oidc?.entities ?? {};
    if (token?.clientId && ctx.status === 200) await this.limits.byClient(request, reply, token.clientId);
    else if (wasGuess(ctx)) await this.limits.byGuess(request, reply);
    else await this.limits.byPrincipal(request, reply, null);
  }
}

/** Whether a secret was shown that is not known: of a client, or that of whoever registers one. */
function wasGuess({ body, oidc }: KoaContextWithOIDC): boolean {
  const { error } = (body ?? {}) as { error?: string };
  return error === 'invalid_client' || (error === 'invalid_token' && oidc?.route === 'registration');
}
