import type { Configuration } from 'oidc-provider';
import { type ApiResource, isOfApi } from './api-resource.js';
import { deviceFlow } from './device-pages.js';
import type { Registration } from './registration.service.js';
import { logout } from './logout-pages.js';

/** What the library does besides the authorization code and refresh. */
export const features = (api: ApiResource, registration: Registration): Configuration['features'] => ({
  devInteractions: { enabled: false },
  clientCredentials: { enabled: true },
  deviceFlow,
  dPoP: { enabled: true },
  introspection: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
  pushedAuthorizationRequests: { enabled: true },
  registration: registration.feature(),
  resourceIndicators: {
    enabled: true,
    defaultResource: api.defaultResource,
    getResourceServerInfo: api.getResourceServerInfo,
    // Whoever allowed nothing of the API has signed in all the same: the token is for the userinfo endpoint then.
    useGrantedResource: async (_ctx, { scopes }) => [...scopes].some(isOfApi),
  },
  // Of another's it is not told whether there is one: the library would answer 400 for those alone.
  revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
  rpInitiatedLogout: logout,
  userinfo: { enabled: true },
});
