import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Client, InteractionResults, Provider } from 'oidc-provider';
import { Problem } from '../errors/problem.js';
import { OAuthProvider } from './oauth-provider.service.js';

/** What an authorization request is waiting for a person to do. */
export interface Interaction {
  readonly uid: string;
  readonly prompt: 'login' | 'consent';
  /** Why it is asked. */
  readonly reasons: readonly string[];
  readonly client: Client;
  readonly scopes: readonly string[];
  readonly redirectUri: string | null;
  readonly loginHint: string | undefined;
  readonly grantId: string | undefined;
}

/** Authorization requests that wait: each is tied by a cookie to the browser that brought it. */
@Injectable()
export class Interactions {
  constructor(private readonly provider: OAuthProvider) {}

  /** Throws 400 `interaction_expired`, also for one of another browser. */
  async get(request: FastifyRequest, reply: FastifyReply, uid: string): Promise<Interaction> {
    const provider = await this.provider.current();
    const found = await this.details(provider, request, reply, uid);
    const { client_id, scope, redirect_uri, login_hint } = found.params as Record<string, string | undefined>;
    const client = await provider.Client.find(client_id ?? '');
    if (!client) throw new Problem('interaction_expired');
    return {
      uid,
      prompt: found.prompt.name === 'consent' ? 'consent' : 'login',
      reasons: found.prompt.reasons,
      client,
      scopes: scope?.split(' ') ?? [],
      redirectUri: redirect_uri ?? null,
      loginHint: login_hint,
      grantId: found.grantId,
    };
  }

  /** Where the browser goes on with what the person did. */
  async finish(request: FastifyRequest, reply: FastifyReply, uid: string, result: InteractionResults): Promise<string> {
    const provider = await this.provider.current();
    await this.details(provider, request, reply, uid);
    return provider.interactionResult(request.raw, reply.raw, result);
  }

  /** Lets somebody else sign in for it than whom it was begun with. */
  async release(request: FastifyRequest, reply: FastifyReply, uid: string): Promise<void> {
    const provider = await this.provider.current();
    const interaction = await this.details(provider, request, reply, uid);
    delete interaction.session;
    await interaction.persist();
  }

  private async details(provider: Provider, request: FastifyRequest, reply: FastifyReply, uid: string) {
    const found = await provider.interactionDetails(request.raw, reply.raw).catch((error: unknown) => {
      throw (error as Error).name === 'SessionNotFound' ? new Problem('interaction_expired') : error;
    });
    // The cookie says which one; a path of another is a page from another time.
    if (found.uid !== uid) throw new Problem('interaction_expired');
    return found;
  }
}
