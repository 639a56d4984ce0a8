import { html } from '../security/html.js';
import { field } from './field.js';
import { anotherAccount, errorNote, form, heading, person, submit, toContinue } from './form-parts.js';
import { pageOf } from './layout.js';
import type { ClientName, FormModel } from './page-model.js';

export interface ConfirmIdentityModel extends FormModel {
  /** Whose session it is; nobody else can answer. */
  readonly email: string;
  readonly client: ClientName | null;
  readonly signOut: { readonly action: string };
}

/** Asks somebody who is signed in once more: for `prompt=login`, and before what would cost them their account. Sends `password`. */
export function confirmIdentityView({ csrf, email, error, client, ...model }: ConfirmIdentityModel): string {
  const password = field({
    name: 'password',
    label: 'Password',
    type: 'password',
    autocomplete: 'current-password',
    isWrong: error !== undefined,
    hasFocus: true,
  });
  // For password managers, which look for a name beside a password.
  const name = html`<input type="email" value="${email}" autocomplete="username" readonly hidden />`;
  return pageOf({
    title: 'Confirm it’s you',
    error,
    body: html`${heading('Confirm it’s you', toContinue(client, 'to go on in your account'))}
      <p class="who">${person(email)}</p>
      ${errorNote(error)}${form(model.action, csrf, [name, password, submit('Continue')])}
      ${anotherAccount(model.signOut.action, csrf)}`,
  });
}
