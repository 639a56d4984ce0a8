import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { hashOfToken } from './opaque-token.js';

/**
 * Remembers what counts once, for all instances: the proofs of DPoP (RFC 9449 section 11.1) and the assertions of clients. In the
 * database whatever else is there: a store that may be lost, and is then done without, would take what it has forgotten.
 */
@Injectable()
export class UsedProofs {
  constructor(private readonly dataSource: DataSource) {}

  /** Takes `id` of `issuer` for so many seconds. Of N at once one gets true. */
  async take(issuer: string, id: string, seconds: number): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      `INSERT INTO used_proofs (hash, expires_at) VALUES ($1, now() + make_interval(secs => $2))
       ON CONFLICT (hash) DO NOTHING RETURNING expires_at`,
      [hashOfToken(`${issuer.length}:${issuer}${id}`), seconds],
    );
    return rows.length > 0;
  }
}
