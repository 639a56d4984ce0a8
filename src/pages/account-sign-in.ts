import { type Html, html } from '../security/html.js';
import type { AccountModel, AccountProvider } from './account-model.js';
import { list, section } from './account-parts.js';
import { endForm, smallButton } from './row-forms.js';
import { field } from './field.js';
import { form, given } from './form-parts.js';
import { icons } from './icons.js';
import { passkeyForm } from './passkey-form.js';
import { day, lastUsed } from './times.js';

/** The passkeys, and a form that makes one: `POST /account/passkeys` with `name` and `response`. */
export function passkeysSection({ csrf, passkeys, canChange }: AccountModel): Html {
  const rows = passkeys.map(({ id, name, createdAt, lastUsedAt }) => ({
    icon: icons.passkey,
    title: given(name),
    facts: [html`Added ${day(createdAt)} <span class="dot"></span> ${lastUsed(lastUsedAt)}`],
    action: canChange && endForm(csrf, 'passkeys', id, 'Remove', name),
  }));
  const add = passkeyForm({
    csrf,
    ask: { action: '/account/passkeys', optionsUrl: '/account/passkeys/options' },
    ceremony: 'create',
    label: 'Add a passkey',
    fields: field({
      name: 'name',
      label: 'Name of the new passkey',
      autocomplete: 'off',
      value: 'My device',
      more: html`maxlength="100"`,
    }),
  });
  const about = 'Sign in with your fingerprint, face or screen lock in place of a password.';
  const body = [list(rows, 'You have no passkeys yet.'), canChange && add];
  return section('passkeys', 'Passkeys', about, body);
}

/** The other ways in: the authenticator app, and accounts elsewhere. */
export function signInSection({ csrf, providers, hasTotp, canChange }: AccountModel): Html {
  const totp = {
    icon: icons.code,
    title: 'Authenticator app',
    facts: [hasTotp ? 'You are asked for a code when you sign in.' : 'Not set up.'],
    action: html`<span class="state${hasTotp && ' on'}">${hasTotp ? 'On' : 'Off'}</span>`,
  };
  const others = providers.map((provider) => ({
    icon: icons.link,
    title: given(provider.label),
    facts: [standing(provider), onlyWay(provider)],
    action: canChange && providerForm(csrf, provider),
  }));
  const about = 'Other ways to sign in, and to prove that it is you.';
  return section('sign-in', 'Sign-in methods', about, list([totp, ...others], ''));
}

function standing({ linked, works }: AccountProvider): string {
  if (!linked) return 'Not linked.';
  return works ? 'You can sign in with this account.' : 'Linked, but not offered any more.';
}

const onlyWay = ({ linked, canUnlink }: AccountProvider) =>
  linked && !canUnlink && 'It is your only way in. Set a password, or add another way, before you unlink it.';

function providerForm(csrf: AccountModel['csrf'], { name, label, linked, canUnlink }: AccountProvider) {
  if (linked) return canUnlink && endForm(csrf, 'providers', name, 'Unlink', label);
  const path = `/account/providers/${encodeURIComponent(name)}/link`;
  return form(path, csrf, smallButton('Link', label), 'row-action');
}
