import { PRODUCT } from '../config/product.js';
import { type Content, html, safeUrl } from '../security/html.js';
import { field } from './field.js';
import { divider, errorNote, form, given, heading, notice, submit, toContinue } from './form-parts.js';
import { pageOf } from './layout.js';
import type { ClientName, FormModel, PasskeyAsk } from './page-model.js';
import { passkeyForm } from './passkey-form.js';

export interface LoginModel extends FormModel {
  readonly email?: string;
  readonly client: ClientName | null;
  readonly passkey: PasskeyAsk | null;
  /** Others that people can sign in with. */
  readonly providers: readonly { readonly label: string; readonly href: string }[];
  readonly notice?: string;
}

/** The form sends `email` and `password`; the one for a passkey sends `response`. */
export const loginView = (model: LoginModel): string =>
  pageOf({
    title: 'Sign in',
    error: model.error,
    body: html`${heading('Sign in', toContinue(model.client, `to continue to your ${PRODUCT} account`))}
    ${errorNote(model.error)}${notice(model.notice)}${passwordForm(model)}${otherWays(model)}`,
  });

function passwordForm({ action, csrf, email, error }: LoginModel): Content {
  const isKnown = email !== undefined && email !== '';
  const address = field({
    name: 'email',
    label: 'Email',
    type: 'email',
    autocomplete: 'username webauthn',
    value: email,
    hasFocus: !isKnown,
    more: html`inputmode="email"`,
  });
  const password = field({
    name: 'password',
    label: 'Password',
    type: 'password',
    autocomplete: 'current-password',
    isWrong: error !== undefined,
    hasFocus: isKnown,
  });
  return form(action, csrf, [address, password, submit('Sign in')]);
}

function otherWays({ csrf, passkey, providers }: LoginModel): Content {
  const links = providers.map(
    ({ label, href }) =>
      html`<a class="button plain" href="${safeUrl(href)}"><span>Continue with ${given(label)}</span></a>`,
  );
  const key =
    passkey && passkeyForm({ csrf, ask: passkey, ceremony: 'get', label: 'Sign in with a passkey', autofill: true });
  if (!key && links.length === 0) return null;
  // Without its script the passkey is hidden, and a divider with nothing below it would be left.
  return html`<div class="ways${links.length === 0 && ' only-passkey'}">${divider}${key}${links}</div>`;
}
