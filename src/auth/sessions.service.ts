import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, IsNull, MoreThan, Not, Repository } from 'typeorm';
import { NIL, v7 as uuid } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { inserting } from '../database/insert.js';
import { inTransaction } from '../database/transaction.js';
import { walk } from '../database/walk.js';
import { Problem } from '../errors/problem.js';
import { SecurityEventsService } from '../security-events/security-events.service.js';
import type { Device } from '../security/device.js';
import { newOpaqueToken } from '../security/opaque-token.js';
import { type Actor, type Caller, FIRST_PARTY_CLIENT } from '../security/principal.js';
import type { AssuranceLevel } from '../security/step-up.js';
import { Revocations } from '../security/revocations.js';
import { UserChanges } from '../users/user-changes.js';
import { SessionView } from './session.dto.js';
import { RefreshToken } from './refresh-token.entity.js';
import { Session } from './session.entity.js';

/** Of $1, signed in with the user agent $2 from the network $3; over or not. */
const LIKE_THIS = 'SELECT FROM sessions WHERE user_id = $1 AND user_agent IS NOT DISTINCT FROM $2 AND network = $3';

/** What is written in the session of somebody who signed in on our own pages. */
const BROWSER = 'browser';

export interface StartedSession {
  readonly session: Session;
  readonly roles: readonly string[];
  /** Null where a browser keeps a cookie in its place. */
  readonly refreshToken: string | null;
  /** How and when its person was asked who they are, where that was elsewhere; in seconds since the epoch, null where nobody says. */
  readonly asked?: { readonly amr: string[]; readonly at: number | null };
}

/** Sessions of people: they start at login and end for every instance within a second. */
@Injectable()
export class SessionsService implements OnModuleInit {
  constructor(
    @InjectRepository(Session) private readonly sessions: Repository<Session>,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    private readonly revocations: Revocations,
    private readonly userChanges: UserChanges,
    private readonly events: SecurityEventsService,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  onModuleInit(): void {
    this.userChanges.onDisabled((manager, userId) => this.endAllOf(manager, userId));
  }

  /** Starts a session, with its first refresh token where one is kept, within the transaction that used up what was shown for it. Null when the person is not active any more. */
  async start(
    manager: EntityManager,
    actor: Actor,
    { userId, acr }: { userId: string; acr: AssuranceLevel },
    { keeps, ...device }: Device,
  ): Promise<StartedSession | null> {
    const now = Date.now();
    const { idleSeconds, seconds } = this.lifetimes(keeps);
    // Locked: who is being disabled meanwhile would keep this session for the day that they are let in again.
    const active = `SELECT roles FROM users WHERE id = $1 AND status = 'active' FOR SHARE`;
    const [user] = await manager.query<{ roles: string[] }[]>(active, [userId]);
    if (!user) return null;
    const isNew = await this.isNewDevice(manager, userId, device);
    const session = manager.create(Session, {
      id: uuid(),
      userId,
      clientId: keeps === 'tokens' ? FIRST_PARTY_CLIENT : BROWSER,
      ...device,
      acr,
      // By the clock that tokens are made and judged by: the database may have another.
      createdAt: new Date(now),
      idleExpiresAt: new Date(now + idleSeconds * 1000),
      expiresAt: new Date(now + seconds * 1000),
    });
    await manager.insert(Session, session);
    const refreshToken = keeps === 'tokens' ? await this.firstToken(manager, session.id) : null;
    await this.audit.record(manager, actor, 'session.started', session.id, { userId });
    if (isNew) await this.events.record(manager, userId, 'session.new_device', device);
    return { session, roles: user.roles, refreshToken };
  }

  /** Nothing is renewed where a cookie is kept: that session ends when one that is not used would. */
  private lifetimes(keeps: Device['keeps']): { idleSeconds: number; seconds: number } {
    const { sessionIdleSeconds, sessionAbsoluteSeconds } = this.config;
    const idleSeconds = Math.min(sessionIdleSeconds, sessionAbsoluteSeconds);
    return { idleSeconds, seconds: keeps === 'tokens' ? sessionAbsoluteSeconds : idleSeconds };
  }

  private async firstToken(manager: EntityManager, sessionId: string): Promise<string> {
    const { token, hash } = newOpaqueToken();
    await inserting(manager, RefreshToken, { hash, sessionId }).execute();
    return token;
  }

  /** Whether nobody has signed in as the person like this before, though somebody has. Of the first one nobody need be told. */
  private async isNewDevice(
    manager: EntityManager,
    userId: string,
    { userAgent, network }: Omit<Device, 'keeps'>,
  ): Promise<boolean> {
    const [row] = await manager.query<{ isFirst: boolean; isKnown: boolean }[]>(
      `SELECT NOT EXISTS (SELECT FROM sessions WHERE user_id = $1) AS "isFirst",
         EXISTS (${LIKE_THIS}) AS "isKnown"`,
      [userId, userAgent, network],
    );
    return row !== undefined && !row.isFirst && !row.isKnown;
  }

  /** Whether somebody has signed in as the person like this before, as far as sessions are kept. Null is nobody, for whom the database is asked too. */
  async isKnownDevice(userId: string | null, { userAgent, network }: Device): Promise<boolean> {
    const [row] = await this.dataSource.query<{ isKnown: boolean }[]>(`SELECT EXISTS (${LIKE_THIS}) AS "isKnown"`, [
      userId ?? NIL,
      userAgent,
      network,
    ]);
    return row?.isKnown ?? false;
  }

  /** The live sessions of the caller, the newest first; bounded. */
  list(caller: Caller): Promise<Session[]> {
    const live = { endedAt: IsNull(), idleExpiresAt: MoreThan(new Date()), expiresAt: MoreThan(new Date()) };
    return this.sessions.find({ where: { userId: caller.subject, ...live }, order: { createdAt: 'DESC' }, take: 100 });
  }

  /** Every session that is stored of the caller, those that are over too, in the order of their ids. */
  async *copyOf({ subject: userId, credentialId }: Caller): AsyncGenerator<object> {
    const sessions = walk<Session>((last, size) => {
      const id = MoreThan(last?.id ?? NIL);
      return this.sessions.find({ where: { userId, id }, order: { id: 'ASC' }, take: size });
    });
    for await (const session of sessions) {
      const { clientId, acr, expiresAt: endsAt, endedAt } = session;
      yield { ...SessionView.from(session, credentialId), clientId, acr, endsAt, endedAt };
    }
  }

  /** Ends one session of the caller. Throws 404. */
  async end(caller: Caller, id: string): Promise<void> {
    if (!(await this.endOne(caller, caller.subject, id))) throw new Problem('not_found');
  }

  /** Ends the session of somebody who has signed out of it, if it had not ended. */
  async endOf(userId: string, id: string, requestId: string): Promise<void> {
    await this.endOne({ kind: 'user', subject: userId, credentialId: id, requestId }, userId, id);
  }

  private async endOne(actor: Actor, userId: string, id: string): Promise<boolean> {
    const ended = await inTransaction(this.dataSource, async (manager) => {
      const own = { id, userId, endedAt: IsNull() };
      const { affected } = await manager.update(Session, own, { endedAt: new Date() });
      if (!affected) return false;
      await this.audit.record(manager, actor, 'session.ended', id);
      await this.revocations.record(manager, [id]);
      return true;
    });
    if (ended) this.revocations.applied([id]);
    return ended;
  }

  /** Ends every session of the caller but this one. */
  async endOthers(caller: Caller): Promise<void> {
    this.revocations.applied(await inTransaction(this.dataSource, (manager) => this.endOthersOf(manager, caller)));
  }

  /** The same within a transaction; answers what is to be forgotten when it is committed. */
  async endOthersOf(manager: EntityManager, caller: Caller): Promise<string[]> {
    const others = { userId: caller.subject, id: Not(caller.credentialId), endedAt: IsNull() };
    const found = (await manager.find(Session, { where: others, select: { id: true } })).map(({ id }) => id);
    await manager.update(Session, others, { endedAt: new Date() });
    for (const id of found) await this.audit.record(manager, caller, 'session.ended', id);
    await this.revocations.record(manager, found);
    return found;
  }

  /** Ends every session of a user, for an administrator. Throws 404 for an unknown user. */
  async endAll(caller: Caller, userId: string): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const [user] = await manager.query<unknown[]>('SELECT 1 FROM users WHERE id = $1', [userId]);
      if (!user) throw new Problem('not_found');
      await this.endAllOf(manager, userId);
      await this.audit.record(manager, caller, 'session.ended', null, { userId });
      await this.revocations.record(manager, [userId]);
    });
    this.revocations.applied([userId]);
  }

  /** Ends every session of a user. The caller records the revocation of the user. */
  async endAllOf(manager: EntityManager, userId: string): Promise<void> {
    await manager.update(Session, { userId, endedAt: IsNull() }, { endedAt: new Date() });
  }
}
