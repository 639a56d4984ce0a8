import { type OutsideIdentity, identityFrom } from './outside-provider.js';
import type { Dialect, Read } from './plain-provider.js';

interface GithubUser {
  readonly id?: unknown;
  readonly name?: unknown;
}

interface GithubEmail {
  readonly email?: unknown;
  readonly primary?: unknown;
  readonly verified?: unknown;
}

/** GitHub, and servers of GitHub Enterprise. Its numbers are for good; names there may pass to somebody else. */
export const github: Dialect = {
  authorizationEndpoint: ({ issuer }) => `${issuer}/authorize`,
  tokenEndpoint: ({ issuer }) => `${issuer}/access_token`,
  async identity(read: Read): Promise<OutsideIdentity> {
    const { id, name } = ((await read('/user')) ?? {}) as GithubUser;
    const emails = await read('/user/emails');
    // The one in the profile is whatever its owner wrote there. Of the others only the first is theirs to be reached by.
    const list = Array.isArray(emails) ? (emails as GithubEmail[]) : [];
    const primary = list.find((each) => each.primary === true);
    return identityFrom({
      subject: Number.isSafeInteger(id) ? String(id) : undefined,
      email: primary?.email,
      emailVerified: primary?.verified,
      name,
    });
  },
};
