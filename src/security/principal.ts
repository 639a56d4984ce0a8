import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Limit } from '../config/limits.js';
import type { Cidrs } from '../config/address.js';
import type { Authentication } from './step-up.js';

/** The client of first-party sessions. Only tokens of this client are "the person". */
export const FIRST_PARTY_CLIENT = 'first-party';

/** Who asks: at most what the owner holds at this moment, whatever the credential says. */
export interface Principal {
  readonly kind: 'user' | 'api_key' | 'client';
  /** Always the owning user; for a client acting for itself, the client. */
  readonly subject: string;
  /** The session, key or grant. */
  readonly credentialId: string;
  readonly clientId: string | null;
  readonly roles: readonly string[];
  readonly scopes: ReadonlySet<string>;
  /** When and how the person was asked who they are; null where no person was, as with keys. */
  readonly authentication: Authentication | null;
}

/** What a strategy proves, and until when it may be remembered. */
export interface Credential extends Principal {
  /** Milliseconds since the epoch after which the credential is refused. */
  readonly expiresAt: number;
  /** Before this it is refused: a clock that is set back would prolong what is remembered. */
  readonly validFrom: number;
  /** A key answers only from these networks. */
  readonly allowedCidrs: Cidrs | null;
  /** The `jti` of a token, by which it alone can be revoked; null for what has none. */
  readonly tokenId: string | null;
  /** The thumbprint of the key that the sender has to prove (RFC 9449); null where whoever bears it may use it. */
  readonly confirmation: string | null;
  /** A key's own limit, beside the principal's. */
  readonly limits: readonly Limit[];
}

/** Who caused a change, for audit: the principal of a request, nobody yet, or the system itself. */
export interface Actor {
  readonly kind: Principal['kind'] | 'anonymous' | 'system';
  readonly subject: string | null;
  readonly credentialId: string | null;
  readonly requestId: string | null;
}

/** A principal in one request. */
export interface Caller extends Principal {
  readonly requestId: string;
}

export const SYSTEM: Actor = { kind: 'system', subject: null, credentialId: null, requestId: null };

declare module 'fastify' {
  interface FastifyRequest {
    credential: Credential | null;
  }
}

/** The caller of a route that is not public. Throws when no guard has proved one: a mistake in the wall, never a guest. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const [request] = context.getArgs<[FastifyRequest]>();
  if (!request.credential) throw new Error('no guard has authenticated this request');
  return { ...request.credential, requestId: request.id };
});

/** Who acts where nobody is known yet. */
export const nobodyIn = ({ id: requestId }: FastifyRequest): Actor => ({
  kind: 'anonymous',
  subject: null,
  credentialId: null,
  requestId,
});

/** The actor of a public route. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const [request] = context.getArgs<[FastifyRequest]>();
  return nobodyIn(request);
});
