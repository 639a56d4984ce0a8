import { field, type FieldOptions, isText } from '../security/fields.js';

export const MIN_PASSWORD = 15;
export const MAX_PASSWORD = 128;

/**
 * NIST SP 800-63B-4 section 3.1.1.2: length counts, in code points after NFKC; no rules of composition. Before it as well: one
 * character of U+FDFA would become 18, and was typed as one.
 */
export const isNewPassword = (value: unknown): boolean =>
  isText(value, MIN_PASSWORD, MAX_PASSWORD * 4) && isText(value.normalize('NFKC'), MIN_PASSWORD, MAX_PASSWORD);

/** A field for a password that is to be stored. */
export const NewPassword = (options?: FieldOptions) =>
  field(
    {
      name: 'password',
      detail: `Must be ${MIN_PASSWORD} to ${MAX_PASSWORD} characters; any characters, spaces too.`,
      accepts: isNewPassword,
      schema: { type: String, format: 'password', minLength: MIN_PASSWORD, maxLength: MAX_PASSWORD * 4 },
    },
    { description: `At most ${MAX_PASSWORD} characters once normalized to NFKC.`, ...options },
  );
