import type { Configuration } from 'oidc-provider';
import { signedOutView, signOutView } from '../pages/sign-out.view.js';
import { answer, formOf, nameOf } from './page-answer.js';

/** OpenID Connect RP-Initiated Logout. */
export const logout = {
  enabled: true,
  logoutSource: async (ctx) => {
    const { client } = ctx.oidc;
    const { postLogoutRedirectUri } = (ctx.oidc.session?.state ?? {}) as { postLogoutRedirectUri?: string };
    const markup = signOutView({ ...formOf(ctx, 'end_session_confirm'), client: client && nameOf(client) });
    answer(ctx, markup, postLogoutRedirectUri);
  },
  postLogoutSuccessSource: async (ctx) => {
    const { client } = ctx.oidc;
    answer(ctx, signedOutView({ client: client && nameOf(client) }));
  },
} satisfies NonNullable<NonNullable<Configuration['features']>['rpInitiatedLogout']>;
