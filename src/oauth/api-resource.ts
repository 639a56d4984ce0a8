import type { Client, KoaContextWithOIDC, ResourceServer } from 'oidc-provider';
import { registeredApiScopes } from './client-metadata.js';
import type { OidcLibrary } from './library.js';
import { isImpersonal, isScope, scopesOf } from '../security/scopes.js';

/** What `findAccount` answers. */
interface AccountWithRoles {
  readonly roles?: readonly string[];
}

interface TokenParams {
  readonly grant_type?: string;
  readonly resource?: unknown;
  scope?: string;
}

/** The one resource that tokens are for (RFC 8707): the API of this backend, whose access tokens are JWTs of RFC 9068. */
export class ApiResource {
  constructor(
    private readonly audience: string,
    private readonly seconds: number,
    private readonly errors: OidcLibrary['errors'],
  ) {}

  /** The API where a scope of it is asked for; otherwise a token is for the userinfo endpoint alone. */
  readonly defaultResource = (
    ctx: KoaContextWithOIDC,
    client?: Client,
    oneOf?: readonly string[],
  ): string | undefined => {
    // Several may be named at the token endpoint (RFC 8707 section 2.2): all of them have to be this one.
    if (oneOf?.some((each) => each !== this.audience)) throw new this.errors.InvalidTarget();
    if (oneOf) return this.audience;
    const params = ctx.oidc.params as TokenParams;
    if (params.grant_type === 'client_credentials') return this.audience;
    return params.scope?.split(' ').some(isScope) ? this.audience : undefined;
  };

  /** Before a refresh token is used up for nothing. Throws `invalid_scope`. */
  readonly requireGrantable = (ctx: KoaContextWithOIDC): void => {
    const { params, client, requestParamScopes, entities } = ctx.oidc;
    const { RefreshToken: token, Grant: grant } = entities;
    if (!token || !grant || !client) return;
    const asked: ReadonlySet<string> = (params as TokenParams).scope ? requestParamScopes : token.scopes;
    if (!(params as TokenParams).resource && ![...asked].some(isScope)) return;
    const can = this.getResourceServerInfo(ctx, this.audience, client).scope.split(' ');
    if (!grant.getResourceScopeFiltered(this.audience, new Set(can.filter((each) => asked.has(each)))))
      throw new this.errors.InvalidScope('none of the scopes can be granted', '');
  };

  /** What a client may have of the API, and where it is known for whom, what that person holds now. Throws `invalid_target`. */
  readonly getResourceServerInfo = (ctx: KoaContextWithOIDC, indicator: string, client: Client): ResourceServer => {
    if (indicator !== this.audience) throw new this.errors.InvalidTarget();
    const params = ctx.oidc.params as TokenParams;
    // RFC 6749 section 3.3: who names no scope gets those it was registered with.
    const isMachine = params.grant_type === 'client_credentials';
    const registered = registeredApiScopes(client).filter((scope) => !isMachine || isImpersonal(scope));
    if (isMachine) params.scope ??= registered.join(' ') || undefined;
    const { roles } = (ctx.oidc.account ?? {}) as AccountWithRoles;
    const held = roles && scopesOf(roles);
    const scope = registered.filter((each) => !held || held.has(each));
    return {
      scope: scope.join(' '),
      audience: this.audience,
      accessTokenTTL: this.seconds,
      accessTokenFormat: 'jwt',
      jwt: { sign: { alg: 'ES256' } },
    };
  };
}
