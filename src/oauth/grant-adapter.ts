import { AsyncLocalStorage } from 'node:async_hooks';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { isUuid } from '../security/uuid.js';
import { clientActor, exchangeOf } from './exchange.js';
import type { Decision, GrantPayload, GrantsService } from './grants.service.js';
import type { OidcLibrary } from './library.js';

/** Whose decision the library stores: it hands on what was allowed, and not by whom. */
export const decidedBy = new AsyncLocalStorage<Decision>();

interface Allowed {
  readonly openid?: { readonly scope?: string };
  readonly resources?: Readonly<Record<string, string>>;
  readonly rejected?: Allowed;
}

const words = ({ openid, resources }: Allowed): string[] =>
  [openid?.scope ?? '', ...Object.values(resources ?? {})].join(' ').split(' ').filter(Boolean);

/** What was allowed and not refused. */
function allowedScopes(grant: Allowed): string[] {
  const refused = new Set(words(grant.rejected ?? {}));
  return [...new Set(words(grant))].filter((scope) => !refused.has(scope));
}

/** The library's storage of grants, in a table of their own: people see and end them. */
export class GrantAdapter implements Adapter {
  constructor(
    private readonly grants: GrantsService,
    private readonly library: OidcLibrary,
  ) {}

  async upsert(id: string, payload: AdapterPayload): Promise<void> {
    const grant = payload as unknown as GrantPayload & Allowed;
    const decision = decidedBy.getStore();
    if (!decision) throw new Error('nobody has decided about this grant');
    await this.grants.save(id, grant, allowedScopes(grant), decision);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const grant = isUuid(id) ? await this.grants.find(id) : null;
    return grant ? grant.payload : undefined;
  }

  /** At the token endpoint for one reason alone: somebody came with what had been used. Elsewhere its client has given it back. */
  async destroy(id: string): Promise<void> {
    const { ctx } = this.library.Provider;
    if (ctx?.oidc.route !== 'revocation') return this.grants.revoke(id, 'grant.reuse_detected');
    const { request } = exchangeOf(ctx.req);
    return this.grants.revoke(id, 'grant.ended', clientActor(ctx.oidc.client?.clientId ?? null, request));
  }

  findByUserCode = unused;
  findByUid = unused;
  consume = unused;
  revokeByGrantId = unused;
}

/** The library asks this of other kinds. */
const unused = (): never => {
  throw new Error('a grant has no such thing');
};
