import { hash } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../errors/problem.js';
import { isUnavailable } from '../errors/translate.js';
import { CredentialCache } from './credential-cache.js';
import { DpopProofs } from './dpop-proofs.js';
import { CredentialUse } from './credential-use.js';
import { type Presented, presentedCredential } from './presented-credential.js';
import type { Credential } from './principal.js';
import { policyFor } from './route-policy.js';

const REFUSALS = { jwt: 'token_invalid', 'api-key': 'key_invalid' } as const;

/** Passport's guard for one kind of credential. Given two strategies Passport tries both, and a refusal of one is no refusal. */
function proverOf(kind: Presented['kind']): CanActivate {
  class Prover extends AuthGuard(kind) {
    /** Passport's verdict. An error is the server's (503, 500); anything but a credential is the client's. */
    override handleRequest<T>(error: unknown, user: T | false, info: unknown): T {
      if (error) throw error;
      if (user) return user;
      // A strategy that could not ask for its key reports a refusal; an outage must not look like a bad token.
      throw isUnavailable(info) ? info : new Problem(REFUSALS[kind]);
    }
  }
  return new Prover();
}

/**
 * Who is asking? Puts the credential on the request, from memory when it was proved before and nothing was revoked since,
 * else through the Passport strategy of its feature. Refuses with 400 `credentials_ambiguous` and the codes of 401.
 */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  private readonly provers = { jwt: proverOf('jwt'), 'api-key': proverOf('api-key') };

  constructor(
    private readonly cache: CredentialCache,
    private readonly use: CredentialUse,
    private readonly proofs: DpopProofs,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const [request] = context.getArgs<[FastifyRequest]>();
    const presented = presentedCredential(request);
    if (policyFor(context).isPublic) return true;
    if (!presented) throw new Problem('authentication_required');
    if (presented.text === null) throw new Problem(REFUSALS[presented.kind]);
    // With its kind: a key that was proved as a key must not pass as a bearer token because its text is remembered.
    const digest = presented.kind + hash('sha256', presented.text, 'base64');
    const known = this.cache.find(digest);
    if (known) return this.admit(request, known, presented);
    // Before anything is awaited: what the handler asks later counts with what is asked here.
    request.shareTime();
    return this.prove(context, request, presented, digest);
  }

  private async prove(context: ExecutionContext, request: FastifyRequest, presented: Presented, digest: string) {
    const ticket = this.cache.ticket();
    await this.provers[presented.kind].canActivate(context);
    const { user: credential } = request as unknown as { user: Credential };
    this.cache.remember(ticket, digest, credential);
    return this.admit(request, credential, presented);
  }

  /** What memory cannot answer: the time, the address of this request, and whether its sender has the key of the token. */
  private admit(
    request: FastifyRequest,
    credential: Credential,
    { kind, text, isBound }: Presented,
  ): true | Promise<true> {
    const now = Date.now();
    if (credential.expiresAt <= now || credential.validFrom > now) throw new Problem(REFUSALS[kind]);
    // RFC 9449 section 7.2: what is bound to a key is no bearer token, and what is not is nothing else.
    if ((credential.confirmation !== null) !== isBound) throw new Problem(REFUSALS[kind]);
    if (credential.allowedCidrs && !credential.allowedCidrs.contains(request.ip)) throw new Problem('key_invalid');
    if (credential.kind === 'api_key') this.use.note(credential.credentialId);
    if (credential.confirmation === null || text === null) return admitted(request, credential);
    return this.proofs.require(request, text, credential.confirmation).then(() => admitted(request, credential));
  }
}

function admitted(request: FastifyRequest, credential: Credential): true {
  request.credential = credential;
  return true;
}
