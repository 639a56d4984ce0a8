import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SessionsService, type StartedSession } from '../auth/sessions.service.js';
import { HotReads } from '../database/hot-reads.js';
import { type Caller, FIRST_PARTY_CLIENT } from '../security/principal.js';
import { scopesOf } from '../security/scopes.js';
import type { AssuranceLevel } from '../security/step-up.js';
import { ArtifactsService } from './artifacts.service.js';
import { cookieOf, SESSION_COOKIE, setCookie } from '../security/cookies.js';
import { OAuthProvider } from './oauth-provider.service.js';

/** When and how somebody was asked who they are, in the words of OpenID Connect. */
export interface BrowserLogin {
  readonly accountId: string;
  readonly acr: AssuranceLevel;
  readonly amr: string[];
  /** Seconds since the epoch. */
  readonly ts: number;
}

/**
 * The sessions of people on our own pages: one cookie, whose value is known by its hash alone. It is the library's session too, and a
 * row among the sessions of the person, who sees and ends it there; it counts nothing under `/api/v1`.
 */
@Injectable()
export class BrowserSessions {
  constructor(
    private readonly provider: OAuthProvider,
    private readonly artifacts: ArtifactsService,
    private readonly sessions: SessionsService,
    private readonly reads: HotReads,
  ) {}

  /** Who is signed in here, with everything a session of the person may do; null for nobody. */
  async find(request: FastifyRequest): Promise<Caller | null> {
    const cookie = cookieOf(request, SESSION_COOKIE);
    const session = cookie ? await this.artifacts.find('Session', cookie) : undefined;
    const { accountId: subject, uid: credentialId, acr, loginTs } = session ?? {};
    if (!subject || !credentialId) return null;
    const standing = await this.reads.sessionStanding(credentialId, subject);
    if (!standing) return null;
    const { roles, hasSecondFactor } = standing;
    return {
      kind: 'user',
      subject,
      credentialId,
      clientId: FIRST_PARTY_CLIENT,
      roles,
      scopes: scopesOf(roles),
      authentication: { acr: acr === 'aal2' ? 'aal2' : 'aal1', time: Number(loginTs) * 1000, hasSecondFactor },
      requestId: request.id,
    };
  }

  /** Gives the browser the cookie of a session that was just started. Whatever cookie it had means nothing any more (ASVS 7.2.4). */
  async begin(
    request: FastifyRequest,
    reply: FastifyReply,
    { session: row, asked }: StartedSession,
  ): Promise<BrowserLogin> {
    const before = await this.find(request);
    if (before) await this.sessions.endOf(before.subject, before.credentialId, request.id);
    const began = row.createdAt.getTime();
    const login = loginOf(row.userId, row.acr, Math.min(began, (asked?.at ?? Infinity) * 1000), asked?.amr);
    const provider = await this.provider.current();
    const session = new provider.Session();
    session.uid = row.id;
    await this.save(request, reply, session, login, Math.floor((row.expiresAt.getTime() - Date.now()) / 1000));
    return login;
  }

  /** Notes that whoever is signed in here was asked again. */
  async renew(
    request: FastifyRequest,
    reply: FastifyReply,
    { subject }: Caller,
    acr: AssuranceLevel,
  ): Promise<BrowserLogin> {
    const login = loginOf(subject, acr, Date.now());
    const provider = await this.provider.current();
    const session = await provider.Session.find(cookieOf(request, SESSION_COOKIE) ?? '');
    if (session) await this.save(request, reply, session, login, session.exp - login.ts);
    return login;
  }

  /** Signs out of this browser. */
  async end(request: FastifyRequest, reply: FastifyReply, caller: Caller): Promise<void> {
    await this.sessions.end(caller, caller.credentialId);
    await this.artifacts.delete('Session', cookieOf(request, SESSION_COOKIE) ?? '');
    setCookie(reply, SESSION_COOKIE, '', 0);
  }

  private async save(
    request: FastifyRequest,
    reply: FastifyReply,
    session: SessionModel,
    { accountId, acr, amr, ts }: BrowserLogin,
    seconds: number,
  ): Promise<void> {
    const before = cookieOf(request, SESSION_COOKIE);
    session.loginAccount({ accountId, acr, amr, loginTs: ts });
    session.resetIdentifier();
    await session.save(seconds);
    if (before) await this.artifacts.delete('Session', before);
    setCookie(reply, SESSION_COOKIE, session.jti, seconds);
  }
}

/** Methods of RFC 8176. */
const loginOf = (accountId: string, acr: AssuranceLevel, ms: number, amr?: string[]): BrowserLogin => ({
  accountId,
  acr,
  amr: amr ?? [acr === 'aal2' ? 'mfa' : 'pwd'],
  ts: Math.floor(ms / 1000),
});

type SessionModel = InstanceType<Awaited<ReturnType<OAuthProvider['current']>>['Session']>;
