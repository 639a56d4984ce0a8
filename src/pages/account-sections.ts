import { type Html, html } from '../security/html.js';
import type { AccountModel } from './account-model.js';
import { list, section } from './account-parts.js';
import { endForm } from './row-forms.js';
import { form, given, initialOf } from './form-parts.js';
import { icons } from './icons.js';
import { day, lastUsed, minute } from './times.js';

/** Where the person is signed in. */
export function sessionsSection({ csrf, sessions }: AccountModel): Html {
  const rows = sessions.map(({ id, client, network, lastUsedAt, current }) => ({
    icon: icons.device,
    title: html`${given(client)}${current && html` <span class="pill">This browser</span>`}`,
    facts: [html`${given(network)} <span class="dot"></span> ${minute(lastUsedAt)}`],
    action: !current && endForm(csrf, 'sessions', id, 'Sign out', client),
  }));
  const everywhere = form(
    '/account/sessions/end',
    csrf,
    html`<button class="button small danger" type="submit">Sign out everywhere</button>
      <p class="hint">Ends every session, this one too.</p>`,
    'section-foot',
  );
  const body = [list(rows, 'You are signed in nowhere else.'), everywhere];
  return section('sessions', 'Sessions', 'Where you are signed in. Sign out of anything you do not recognise.', body);
}

/** What may act for the person. */
export function grantsSection({ csrf, grants }: AccountModel): Html {
  const rows = grants.map(({ id, name, scopes, createdAt, lastUsedAt }) => ({
    icon: html`<span aria-hidden="true">${initialOf(name)}</span>`,
    title: given(name),
    facts: [
      scopes.map(({ title }, i) => [i > 0 && ', ', given(title)]),
      html`Since ${day(createdAt)} <span class="dot"></span> ${lastUsed(lastUsedAt)}`,
    ],
    action: endForm(csrf, 'grants', id, 'Remove', name),
  }));
  const empty = 'No app has access to your account.';
  return section('apps', 'Connected apps', 'Apps that you have allowed to use your account.', list(rows, empty));
}

/** Made and changed by the API; ended here too. */
export function keysSection({ csrf, keys }: AccountModel): Html {
  const rows = keys.map(({ id, name, prefix, scopes, lastUsedAt, expiresAt }) => ({
    icon: icons.key,
    title: html`${given(name)} <code>${prefix}…</code>`,
    facts: [
      html`<span class="scope-names">${scopes.join(' ')}</span>`,
      html`${lastUsed(lastUsedAt)}
        <span class="dot"></span> ${expiresAt ? html`Expires ${day(expiresAt)}` : 'No expiry'}`,
    ],
    action: endForm(csrf, 'keys', id, 'Revoke', name),
  }));
  const empty = 'You have no API keys.';
  return section('keys', 'API keys', 'Keys that let programs act for you.', list(rows, empty));
}
