import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { LIVE_SESSION } from '../database/standing.js';
import { hashOfToken } from '../security/opaque-token.js';
import { type ArtifactPayload, ArtifactSeals } from './artifact-seals.js';

interface Row {
  readonly hash: Buffer;
  readonly kind: string;
  readonly sealed: Buffer;
  readonly consumed: number | null;
}

const COLUMNS = `a.hash, a.kind, a.sealed, extract(epoch FROM a.consumed_at)::int AS consumed`;

/** A browser's session counts as long as the session of the person does, who may have ended it elsewhere. */
const STANDS = `(a.session_id IS NULL OR EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = a.session_id AND ${LIVE_SESSION}))`;

/** Stores what the authorization server gives out: found by a hash, sealed for the row it stands in (ASVS 11.4.2). */
@Injectable()
export class ArtifactsService {
  private readonly seals: ArtifactSeals;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(authConfig.KEY) { secretKey }: ConfigOf<typeof authConfig>,
  ) {
    this.seals = new ArtifactSeals(secretKey);
  }

  /** Keeps an artifact for so many seconds. Violates a foreign key when the grant or session it hangs on is gone. */
  async put(kind: string, id: string, payload: ArtifactPayload, seconds: number): Promise<void> {
    const hash = hashOfToken(id);
    // The session of the person is the public id of that of the browser, which two tabs at once may have renewed.
    const sessionId = kind === 'Session' && payload.accountId ? payload.uid : null;
    await this.dataSource.query(
      `INSERT INTO oauth_artifacts (hash, kind, lookup, grant_id, session_id, sealed, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
       ON CONFLICT (hash) DO UPDATE SET lookup = excluded.lookup, grant_id = excluded.grant_id,
         session_id = excluded.session_id, sealed = excluded.sealed, expires_at = excluded.expires_at`,
      [
        hash,
        kind,
        payload.userCode === undefined ? null : this.seals.lookupOf(kind, payload.userCode),
        // Whoever decides on a page may give a new grant while another ends.
        kind === 'Interaction' ? null : (payload.grantId ?? null),
        sessionId,
        this.seals.seal(kind, hash, keptOf(payload)),
        seconds,
      ],
    );
  }

  async find(kind: string, id: string): Promise<ArtifactPayload | undefined> {
    const found = await this.read(`a.hash = $1 AND a.kind = $2`, [hashOfToken(id), kind]);
    return found && { ...found, jti: id };
  }

  findByUserCode(kind: string, userCode: string): Promise<ArtifactPayload | undefined> {
    return this.read(`a.lookup = $1 AND a.kind = $2`, [this.seals.lookupOf(kind, userCode), kind]);
  }

  /** The browser's side of a person's session: of several, which two tabs at once made, any. */
  findOfSession(sessionId: string): Promise<ArtifactPayload | undefined> {
    return this.read(`a.session_id = $1 AND a.kind = 'Session'`, [sessionId]);
  }

  /** Uses an artifact up. False when somebody was faster. */
  async consume(kind: string, id: string): Promise<boolean> {
    const [rows] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE oauth_artifacts SET consumed_at = now() WHERE hash = $1 AND kind = $2 AND consumed_at IS NULL RETURNING kind`,
      [hashOfToken(id), kind],
    );
    return rows.length > 0;
  }

  async delete(kind: string, id: string): Promise<void> {
    await this.dataSource.query('DELETE FROM oauth_artifacts WHERE hash = $1 AND kind = $2', [hashOfToken(id), kind]);
  }

  private async read(condition: string, values: unknown[]): Promise<ArtifactPayload | undefined> {
    const sql = `SELECT ${COLUMNS} FROM oauth_artifacts a WHERE ${condition} AND a.expires_at > now() AND ${STANDS}`;
    const [row] = await this.dataSource.query<Row[]>(sql, values);
    if (!row) return undefined;
    const payload = this.seals.open(row.kind, row.hash, row.sealed);
    return row.consumed === null ? payload : { ...payload, consumed: row.consumed };
  }
}

/** What is stored of an artifact: never its own text, nor the cookie of the browser that waits for something. */
function keptOf({ jti, session, ...rest }: ArtifactPayload): ArtifactPayload {
  const { cookie: _, ...waiting } = session ?? {};
  return {
    ...rest,
    ...(session && { session: waiting }),
    // A device code is looked up by what a person types: then its own text has to come from somewhere.
    ...(rest.userCode !== undefined && { jti }),
  };
}
