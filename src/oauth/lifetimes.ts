import type { Configuration } from 'oidc-provider';
import type { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';

const DAY = 86_400;

type Settings = Pick<ConfigOf<typeof authConfig>, 'accessTokenSeconds' | 'idTokenSeconds' | 'sessionIdleSeconds'>;

/** How long everything lives, in seconds. */
export const lifetimes = (settings: Settings) =>
  ({
    AccessToken: settings.accessTokenSeconds,
    ClientCredentials: settings.accessTokenSeconds,
    IdToken: settings.idTokenSeconds,
    AuthorizationCode: 60,
    DeviceCode: 600,
    PushedAuthorizationRequest: 60,
    // How long somebody may take to sign in and to decide.
    Interaction: 3_600,
    // An application that is not used, and one that is.
    RefreshToken: 30 * DAY,
    Grant: 365 * DAY,
    // Of nobody, for as long as a form of ours may wait: every browser that looks at one leaves such a row.
    Session: (_ctx, { accountId }) => (accountId ? settings.sessionIdleSeconds : 3_600),
  }) satisfies Configuration['ttl'];
