import { type Html, html } from '../security/html.js';
import type { AccountModel } from './account-model.js';
import { section } from './account-parts.js';
import { grantsSection, keysSection, sessionsSection } from './account-sections.js';
import { passkeysSection, signInSection } from './account-sign-in.js';
import { facts, form, given, initialOf } from './form-parts.js';
import { pageOf } from './layout.js';

const PLACES = [
  ['profile', 'Profile'],
  ['passkeys', 'Passkeys'],
  ['sign-in', 'Sign-in methods'],
  ['sessions', 'Sessions'],
  ['apps', 'Connected apps'],
  ['keys', 'API keys'],
] as const;

const SECTIONS = [profile, passkeysSection, signInSection, sessionsSection, grantsSection, keysSection];

/** Everything that can act for the person, and how each is ended. One page: whoever looks for what they do not know sees all of it. */
export function accountView(model: AccountModel): string {
  const { csrf, user } = model;
  const signOut = form(
    '/account/sign-out',
    csrf,
    html`<button class="button small" type="submit">Sign out</button>`,
    'bar',
  );
  return pageOf({
    title: 'Your account',
    layout: 'wide',
    bar: signOut,
    body: html`<div class="heading account-heading">
        <span class="avatar large" aria-hidden="true">${initialOf(user.displayName ?? user.email)}</span>
        <div>
          <h1>${user.displayName ? given(user.displayName) : 'Your account'}</h1>
          <p>${given(user.email)}</p>
        </div>
      </div>
      <div class="columns">
        <nav class="places" aria-label="On this page">
          <ul>
            ${PLACES.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}
          </ul>
        </nav>
        <div class="sections">${SECTIONS.map((each) => each(model))}</div>
      </div>`,
  });
}

function profile({ user: { displayName, username, email } }: AccountModel): Html {
  const rows = facts([
    ['Name', orNone(displayName)],
    ['Username', orNone(username)],
    ['Email', given(email)],
  ]);
  return section('profile', 'Profile', 'What apps can see of you, if you let them.', rows);
}

const orNone = (text: string | null): Html => (text ? given(text) : html`<span class="none">Not set</span>`);
