import type { Configuration } from 'oidc-provider';
import { v7 as uuid } from 'uuid';
import type { OidcLibrary } from './library.js';

/** What is written into access tokens besides what the library writes (RFC 9068). */
export const tokenClaims = ({ errors }: OidcLibrary): Pick<Configuration, 'formats' | 'extraTokenClaims'> => ({
  formats: {
    customizers: {
      // Standing is looked up by these: the grant a token hangs on, and an id by which it alone can be ended.
      jwt: async (_ctx, token, jwt) => {
        const { grantId } = token as { grantId?: string };
        Object.assign(jwt.payload, { jti: uuid(), ...(grantId && { grant_id: grantId }) });
      },
    },
  },
  extraTokenClaims: async (_ctx, token) => {
    // RFC 6749 section 5.2: a token without scopes opens nothing.
    if (token.aud && !token.scope) throw new errors.InvalidScope('none of the scopes can be granted', '');
    return undefined;
  },
});
