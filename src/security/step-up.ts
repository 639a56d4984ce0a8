import { Problem } from '../errors/problem.js';
import type { Principal } from './principal.js';

/** How somebody proved who they are, as in NIST SP 800-63B-4: `aal1` by one factor, `aal2` by two, or by a passkey that verified its user. */
export type AssuranceLevel = 'aal1' | 'aal2';

/** The authentication behind the token of a session. */
export interface Authentication {
  readonly acr: AssuranceLevel;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Whether the account has a second factor: with one, `aal2` can be asked for. */
  readonly hasSecondFactor: boolean;
}

/** How fresh and how strong the authentication has to be. */
export interface StepUp {
  /** Seconds since somebody was last asked. */
  readonly maxAge: number;
  /** `aal1`: everybody must be as fresh as that. `aal2`: those with a second factor, whom nothing else would ask for it. */
  readonly acr: AssuranceLevel;
}

/** What is asked where an account would be lost (ASVS 7.5.1, 7.5.3): five minutes. */
export const SENSITIVE_CHANGE: StepUp = { maxAge: 300, acr: 'aal2' };
/** The same where no password is in the body. */
export const RECENT_LOGIN: StepUp = { maxAge: 300, acr: 'aal1' };

/**
 * Throws 401 `step_up_required` as RFC 9470 says, unless the token shows a fresh authentication. Who has a second factor has to have
 * used it: a password alone, or a stolen session, does not do.
 */
export function requireStepUp({ authentication }: Principal, { maxAge, acr }: StepUp): void {
  // A credential that nobody authenticates with by hand can never be fresh.
  if (!authentication) throw stepUpRequired(maxAge, acr);
  const { hasSecondFactor } = authentication;
  if (acr === 'aal2' && !hasSecondFactor) return;
  const strong = authentication.acr === 'aal2' || !hasSecondFactor;
  // Neither long ago nor far ahead: a clock that was set back would keep it fresh.
  const fresh = Math.abs(Date.now() - authentication.time) <= maxAge * 1000;
  if (!strong || !fresh) throw stepUpRequired(maxAge, hasSecondFactor ? 'aal2' : 'aal1');
}

const stepUpRequired = (maxAge: number, acr: AssuranceLevel): Problem =>
  new Problem('step_up_required', {
    members: { acrValues: [acr], maxAge },
    headers: {
      'www-authenticate': `Bearer realm="rampart", error="insufficient_user_authentication", error_description="A fresher or stronger authentication is required", acr_values="${acr}", max_age="${maxAge}"`,
    },
  });
