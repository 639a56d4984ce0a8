import { namespace } from './namespace.js';
import { publicUrlOf } from './public-url.js';

/** Lifetimes in seconds, memory in KiB. The secret key is the root of every derived key and is used for nothing itself. */
export const authConfig = namespace('auth', (env) => {
  const publicUrl = publicUrlOf(env);
  return {
    issuer: `${publicUrl}/oauth`,
    audience: `${publicUrl}/api`,
    publicUrl,
    accessTokenSeconds: 600,
    idTokenSeconds: 3600,
    secretKey: env.SECRET_KEY ?? '',
    signingKey: env.SIGNING_KEY,
    signingKeyMaxAgeDays: env.SIGNING_KEY_MAX_AGE_DAYS,
    sessionIdleSeconds: env.SESSION_IDLE_SECONDS,
    sessionAbsoluteSeconds: env.SESSION_ABSOLUTE_SECONDS,
    requireVerifiedEmail: env.AUTH_REQUIRE_VERIFIED_EMAIL ?? env.NODE_ENV === 'production',
    invitationSeconds: env.INVITATION_SECONDS,
    /** To the administrator who makes them: outside production alone, where whoever sees one is who it is for. */
    showInvitations: env.NODE_ENV !== 'production',
    mailInvitations: Boolean(env.SMTP_URL ?? env.MAIL_DIR),
    keyEnvironment: env.NODE_ENV === 'production' ? ('live' as const) : ('test' as const),
    /** What whoever registers an OAuth client has to show. Nobody does where there is none. */
    registrationToken: env.OAUTH_REGISTRATION_TOKEN,
    breachedPasswordsUrl: env.PASSWORD_BREACH_URL,
    /** Guesses at the password of an account that are compared, in so many seconds. */
    attempts: { most: env.AUTH_ATTEMPTS, seconds: env.AUTH_ATTEMPTS_SECONDS },
    password: {
      memoryKib: env.PASSWORD_MEMORY_KIB,
      iterations: env.PASSWORD_ITERATIONS,
      concurrency: env.PASSWORD_CONCURRENCY,
      queue: env.PASSWORD_QUEUE,
    },
  };
});
