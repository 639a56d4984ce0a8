import { html } from '../security/html.js';
import { field } from './field.js';
import { errorNote, form, heading, hidden, submit } from './form-parts.js';
import { pageOf } from './layout.js';
import type { FormModel } from './page-model.js';

export interface NewPasswordModel extends FormModel {
  readonly challenge: string;
  readonly minLength: number;
}

/** A longer password is needed before the sign-in goes on. Sends `challenge` and `password`. */
export function newPasswordView({ action, csrf, challenge, minLength, error }: NewPasswordModel): string {
  const password = field({
    name: 'password',
    label: 'New password',
    type: 'password',
    autocomplete: 'new-password',
    isWrong: error !== undefined,
    hasFocus: true,
    hint: `At least ${minLength} characters. A few words in a row work well.`,
    more: html`minlength="${minLength}"`,
  });
  return pageOf({
    title: 'Choose a new password',
    error,
    body: html`${heading('Choose a new password', 'Yours is too short to protect your account on its own.')}
    ${errorNote(error)}${form(action, csrf, [hidden('challenge', challenge), password, submit('Save and continue')])}`,
  });
}
