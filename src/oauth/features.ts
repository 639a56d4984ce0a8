import type { Configuration } from 'oidc-provider';
import type { Accounts } from './accounts.js';
import { isScope } from '../security/scopes.js';
import type { ApiResource } from './api-resource.js';
import { deviceFlow } from './device-pages.js';
import type { Registration } from './registration.service.js';
import { logout } from './logout-pages.js';

/** What the library does besides the authorization code and refresh. */
export const features = (
  api: ApiResource,
  registration: Registration,
  accounts: Accounts,
): Configuration['features'] => ({
  devInteractions: { enabled: false },
  clientCredentials: { enabled: true },
  deviceFlow,
  dPoP: { enabled: true },
  introspection: {
    enabled: true,
    // To the library a token counts as long as its grant does: whoever it is for may have been disabled.
    allowedPolicy: async (_ctx, client, token) => {
      const { accountId } = token as { accountId?: string };
      return token.clientId === client.clientId && (!accountId || (await accounts.find(accountId)) !== undefined);
    },
  },
  pushedAuthorizationRequests: { enabled: true },
  registration: registration.feature(),
  resourceIndicators: {
    enabled: true,
    defaultResource: api.defaultResource,
    getResourceServerInfo: api.getResourceServerInfo,
    // Whoever allowed nothing of the API has signed in all the same: the token is for the userinfo endpoint then.
    useGrantedResource: async ({ oidc }, { scopes }) =>
      [...(oidc.params?.['scope'] ? oidc.requestParamScopes : scopes)].some(isScope),
  },
  // Of another's it is not told whether there is one: the library would answer 400 for those alone.
  revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
  rpInitiatedLogout: logout,
  userinfo: { enabled: true },
});
