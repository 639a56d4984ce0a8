import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Client, InteractionResults, Provider } from 'oidc-provider';
import { Problem } from '../errors/problem.js';
import type { ClientName } from '../pages/page-model.js';
import { cookieOf, INTERACTION_COOKIE } from '../security/cookies.js';
import { nameOf } from './page-answer.js';
import { OAuthProvider } from './oauth-provider.service.js';

/** What an authorization request is waiting for a person to do. */
export interface Interaction {
  readonly uid: string;
  readonly prompt: 'login' | 'consent';
  readonly client: Client;
  readonly name: ClientName;
  readonly scopes: readonly string[];
  readonly redirectUri: string | null;
  readonly loginHint: string | undefined;
  /** Whoever was signed in when it was asked. */
  readonly personId: string | undefined;
}

/** Authorization requests that wait: each is tied by a cookie to the browser that brought it. */
@Injectable()
export class Interactions {
  constructor(private readonly provider: OAuthProvider) {}

  /** Throws 400 `interaction_expired`, also for one of another browser. */
  async get(request: FastifyRequest, uid: string): Promise<Interaction> {
    const provider = await this.provider.current();
    const found = await this.find(provider, request, uid);
    const { client_id, scope, redirect_uri, login_hint } = found.params as Record<string, string | undefined>;
    const client = await provider.Client.find(client_id ?? '');
    if (!client) throw new Problem('interaction_expired');
    return {
      uid,
      prompt: found.prompt.name === 'consent' ? 'consent' : 'login',
      client,
      name: nameOf(client),
      scopes: scope?.split(' ') ?? [],
      redirectUri: redirect_uri ?? null,
      loginHint: login_hint,
      personId: found.session?.accountId,
    };
  }

  /** Where the browser goes on with what the person did. */
  async finish(request: FastifyRequest, reply: FastifyReply, uid: string, result: InteractionResults): Promise<string> {
    // Whoever it was begun with may be signed in no more, or may be somebody else by now.
    if (result.login) await this.release(request, uid);
    return (await this.provider.current()).interactionResult(request.raw, reply.raw, result);
  }

  /** Lets somebody else sign in for it than whom it was begun with. */
  async release(request: FastifyRequest, uid: string): Promise<void> {
    const interaction = await this.find(await this.provider.current(), request, uid);
    if (!interaction.session) return;
    delete interaction.session;
    await interaction.persist();
  }

  /** The cookie says which one; a path of another is a page from another time. */
  private async find(provider: Provider, request: FastifyRequest, uid: string) {
    const found = cookieOf(request, INTERACTION_COOKIE) === uid ? await provider.Interaction.find(uid) : undefined;
    if (!found) throw new Problem('interaction_expired');
    return found;
  }
}
