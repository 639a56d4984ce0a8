import { createHmac } from 'node:crypto';
import { type OutsideIdentity, identityFrom } from './outside-provider.js';
import type { Dialect, Read } from './plain-provider.js';

interface FacebookUser {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly email?: unknown;
}

/** Facebook. It does not say whether an address was verified: none counts as that. */
export const facebook: Dialect = {
  authorizationEndpoint: ({ issuer, apiUrl }) => `${issuer}${new URL(apiUrl).pathname}/dialog/oauth`,
  tokenEndpoint: ({ apiUrl }) => `${apiUrl}/oauth/access_token`,
  async identity(read: Read, accessToken, { clientSecret }): Promise<OutsideIdentity> {
    const fields = 'id,name,email';
    // So that nobody who has stolen the token can use it elsewhere, where the app asks for that.
    const proof = createHmac('sha256', clientSecret).update(accessToken).digest('hex');
    const { id, name, email } = ((await read('/me', { fields, appsecret_proof: proof })) ?? {}) as FacebookUser;
    return identityFrom({ subject: id, email, emailVerified: false, name });
  },
};
