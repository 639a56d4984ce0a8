import { field, type FieldOptions, isText } from '../security/fields.js';

export const MIN_PASSWORD = 15;
/** Beside a second factor (NIST SP 800-63B-4 section 3.1.1.2). */
export const MIN_PASSWORD_WITH_MFA = 8;
export const MAX_PASSWORD = 128;

/**
 * NIST SP 800-63B-4 section 3.1.1.2: length counts, in code points after NFKC; no rules of composition. Before it as well: one
 * character of U+FDFA would become 18, and was typed as one.
 */
export const isNewPassword = (value: unknown, least = MIN_PASSWORD): boolean =>
  isText(value, least, MAX_PASSWORD * 4) && isText(value.normalize('NFKC'), least, MAX_PASSWORD);

export const lengthRule = (least: number): string =>
  `Must be ${least} to ${MAX_PASSWORD} characters; any characters, spaces too.`;

/** A field for a password that is to be stored: at its shortest, as what it must be may depend on whose it is. */
export const NewPassword = (least = MIN_PASSWORD, options?: FieldOptions) =>
  field(
    {
      name: 'password',
      detail: lengthRule(least),
      accepts: (value) => isNewPassword(value, least),
      schema: { type: String, format: 'password', minLength: least, maxLength: MAX_PASSWORD * 4 },
    },
    { description: `At most ${MAX_PASSWORD} characters once normalized to NFKC.`, ...options },
  );
