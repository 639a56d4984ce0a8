import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { ArtifactPayload } from './artifact-seals.js';
import type { ArtifactsService } from './artifacts.service.js';
import type { GrantsService } from './grants.service.js';
import type { OidcLibrary } from './library.js';
import { isUuid } from '../security/uuid.js';

const FOREIGN_KEY_VIOLATION = '23503';

/** The library's storage of one kind of artifact. Of N who use one up at once one succeeds, and the others end the grant. */
export class ArtifactAdapter implements Adapter {
  constructor(
    private readonly kind: string,
    private readonly artifacts: ArtifactsService,
    private readonly grants: GrantsService,
    private readonly errors: OidcLibrary['errors'],
  ) {}

  /** Throws `invalid_grant` when the grant was ended meanwhile: nothing is given out for it any more. */
  async upsert(id: string, payload: AdapterPayload, seconds = 0): Promise<void> {
    // The session of a browser is one of a person, which ended while the browser was on its way.
    if (this.kind === 'Session' && payload.accountId && !isUuid(payload.uid ?? ''))
      throw new this.errors.SessionNotFound('the session has ended');
    await this.artifacts.put(this.kind, id, payload as ArtifactPayload, seconds).catch((error: unknown) => {
      const code = (error as { driverError?: { code?: string } }).driverError?.code;
      throw code === FOREIGN_KEY_VIOLATION ? new this.errors.InvalidGrant('its grant has ended') : error;
    });
  }

  find(id: string): Promise<AdapterPayload | undefined> {
    return this.artifacts.find(this.kind, id);
  }

  findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.artifacts.findByUserCode(this.kind, userCode);
  }

  /** Asked for sessions of people alone. */
  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.artifacts.findOfSession(uid);
  }

  /** RFC 9700 sections 2.1.1 and 4.14.2: what was used twice was stolen, by the first or by the second. */
  async consume(id: string): Promise<void> {
    if (await this.artifacts.consume(this.kind, id)) return;
    const used = await this.artifacts.find(this.kind, id);
    if (used?.grantId) await this.grants.revoke(used.grantId, 'grant.reuse_detected');
    throw new this.errors.InvalidGrant('it was used before');
  }

  destroy(id: string): Promise<void> {
    return this.artifacts.delete(this.kind, id);
  }

  /** Nothing: what hangs on a grant goes with its row, and a token that is given back takes no other along. */
  async revokeByGrantId(): Promise<void> {}
}
