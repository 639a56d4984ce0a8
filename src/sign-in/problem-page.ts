import type { FastifyRequest } from 'fastify';
import type { Problem } from '../errors/problem.js';
import { errorView } from '../pages/error.view.js';
import { INTERACTION_ID, loginPath } from '../security/visit.js';

const TITLES: Readonly<Record<number, string>> = {
  404: 'There is nothing here',
  429: 'Too many tries',
  503: 'Not available right now',
};

const TITLES_OF_CODES: Readonly<Record<string, string>> = {
  form_expired: 'This page is out of date',
  email_unconfirmed: 'Confirm your email',
  link_required: 'You have an account already',
};

const SENTENCES: Readonly<Record<string, string>> = {
  interaction_expired: 'This sign-in is over, or began in another browser. Go back to the app, and start again.',
  outside_login_invalid:
    'This sign-in was not accepted, or is over, or began in another browser. Go back, and start again.',
  outside_email_missing: 'We were told no email address of yours, and an account needs one. Sign in another way.',
  email_unconfirmed: 'We have sent you an email. Open the link in it, then sign in again.',
  link_required:
    'You have an account with this email already. Sign in to it as before – ask for a new password if you do not know it – and link the other account on your account page.',
  outside_account_taken: 'It is linked to an account already. To link another one, unlink that first.',
  last_way_in: 'It is your only way in. Set a password, or add another way, before you remove it.',
  provider_unavailable: 'They do not answer right now. Try again in a moment, or sign in another way.',
  form_expired: 'Go back, load the page again, and send it once more.',
  method_not_allowed: 'This page is only there when a form leads to it.',
  not_found: 'The address may be mistyped, or the page is gone.',
  unavailable: 'We are having trouble. Try again in a moment.',
  passkeys_unavailable: 'Passkeys do not work at this address. Use another way.',
  validation_failed: 'What was sent is not what we asked for, or came too late. Try again.',
  scope_not_held: 'Your account may look at this, and not change it.',
};

/** A refusal as a page: what happened and what somebody can do, and no more than the problem document would say. */
export function problemPage(problem: Problem, request: FastifyRequest): string {
  const { status, code } = problem;
  const { id: requestId } = request;
  const fallback =
    status >= 500 ? 'It is our fault, and was noted. Try again in a moment.' : problem.document(requestId).detail;
  return errorView({
    title: TITLES_OF_CODES[code] ?? TITLES[status] ?? (status >= 500 ? 'Something went wrong' : 'That did not work'),
    sentence: code === 'rate_limited' ? waitFor(problem.options.retryAfter ?? 1) : (SENTENCES[code] ?? fallback),
    requestId,
    code,
    home: code === 'interaction_expired' ? undefined : homeOf(request),
  });
}

/** Where somebody can begin anew: "back" may lead to somebody else's page, or to a form that was sent. */
function homeOf({ url, params }: FastifyRequest): string | undefined {
  const { interaction = '' } = (params ?? {}) as { interaction?: string };
  const [, section = ''] = /^\/([a-z]+)(?=[/?]|$)/.exec(url) ?? [];
  if (section === 'consent' && INTERACTION_ID.test(interaction)) return `/consent/${interaction}`;
  if (section === 'login' && INTERACTION_ID.test(interaction)) return loginPath(interaction);
  if (section === 'device') return '/device';
  if (section === 'account' || /^\/oauth\/logout(?=[/?]|$)/.test(url)) return '/account';
  return section === 'login' || url.startsWith('/api/v1/auth/providers/') ? '/login' : undefined;
}

/** In seconds up to two minutes, and in minutes, which are rounded up. */
function waitFor(seconds: number): string {
  const [many, unit] = seconds > 120 ? [Math.ceil(seconds / 60), 'minute'] : [seconds, 'second'];
  return `Wait ${many} ${unit}${many === 1 ? '' : 's'}, then try again.`;
}
