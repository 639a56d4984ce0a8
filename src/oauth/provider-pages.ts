import type { Configuration } from 'oidc-provider';
import { errorView } from '../pages/error.view.js';
import { INTERACTION_COOKIE, SESSION_COOKIE } from '../security/cookies.js';
import { exchangeOf } from './exchange.js';
import { answer, outOfDate } from './page-answer.js';

/** What people read in place of the words that applications do. */
const SENTENCES: Readonly<Record<string, string>> = {
  invalid_client: 'The app that sent you here is not known to us, or not any more. Tell whoever makes it.',
  invalid_redirect_uri:
    'The app wants you sent to an address that it has not registered with us, so we do not send you there. Tell whoever makes it.',
  invalid_request: 'The app that sent you here made a mistake in its request. Go back to it, and start again.',
  SessionNotFound: 'This sign-in is over, or began in another browser. Go back to the app, and start again.',
  access_denied: 'Nothing was allowed. You can close this page.',
};

const COOKIE = { httpOnly: true, secure: true, sameSite: 'lax' } as const;

/** The pages of the library, in our own look, and the cookies by which it knows a browser. */
export const providerPages = {
  cookies: {
    names: { session: SESSION_COOKIE, interaction: INTERACTION_COOKIE, resume: '__Secure-resume' },
    long: { ...COOKIE, path: '/' },
    short: COOKIE,
  },
  interactions: {
    url: async (_ctx, { prompt, uid }) => `/${prompt.name === 'consent' ? 'consent' : 'login'}/${uid}`,
  },
  renderError: async (ctx, out, error) => {
    // Its own token was wrong: nobody else sends anything there.
    if (ctx.oidc?.route === 'end_session_confirm') return outOfDate(ctx, '/oauth/logout');
    const title = out.error === 'access_denied' ? 'Nothing was allowed' : 'That did not work';
    const sentence =
      SENTENCES[error.name] ?? SENTENCES[out.error] ?? out.error_description ?? 'Go back to the app, and start again.';
    answer(ctx, errorView({ title, sentence, requestId: exchangeOf(ctx.req).request.id, code: out.error }));
  },
} satisfies Configuration;
