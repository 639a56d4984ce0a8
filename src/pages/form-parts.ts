import { type Content, type Html, html, safeUrl } from '../security/html.js';
import { icons } from './icons.js';
import type { ClientName, Csrf } from './page-model.js';

/** A form, with the field that shows where it came from. */
export const form = (action: string, csrf: Csrf, content: Content, name = 'stack'): Html =>
  html`<form class="${name}" method="post" action="${safeUrl(action)}">
    ${hidden(csrf.name, csrf.value)}${content}
  </form>`;

export const hidden = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}" />`;

/** A name that somebody chose: letters that run the other way stay within it, and cannot turn our sentence around. */
export const given = (name: string): Html => html`<bdi>${name}</bdi>`;

export const heading = (title: Content, below?: Content): Html =>
  html`<div class="heading">
    <h1>${title}</h1>
    ${below && html`<p>${below}</p>`}
  </div>`;

export const toContinue = (client: ClientName | null, otherwise: Content): Content =>
  client ? html`to continue to <strong>${given(client.name)}</strong>` : otherwise;

/** What is wrong, above the form; the field it is about names it by `aria-describedby`. */
export const errorNote = (error: string | undefined): Content =>
  error &&
  html`<div class="note error" id="error" role="alert">
    ${icons.alert}
    <p>${error}</p>
  </div>`;

export const notice = (text: string | undefined): Content =>
  text &&
  html`<div class="note notice" role="status">
    ${icons.done}
    <p>${text}</p>
  </div>`;

export const submit = (label: Content, kind: 'primary' | 'plain' = 'primary'): Html =>
  html`<button class="button ${kind}" type="submit">${label}</button>`;

/** Two buttons of the same size. The one that gives nothing away comes first: a key pressed by accident takes that. */
export const choice = (...buttons: readonly (readonly [name: string, value: string, label: string])[]): Html =>
  html`<div class="choice">
    ${buttons.map(
      ([name, value, label], i) =>
        html`<button class="button ${i === 0 ? 'plain' : 'primary'}" type="submit" name="${name}" value="${value}">
          ${label}
        </button>`,
    )}
  </div>`;

/** What is known of something, a row each. */
export const facts = (rows: readonly (readonly [term: string, text: Content])[]): Html =>
  html`<dl class="facts">
    ${rows.map(
      ([term, text]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${text}</dd>
        </div>`,
    )}
  </dl>`;

export const divider = html`<p class="divider"><span>or</span></p>`;

/** The way out for who cannot show what is asked, or is not who is signed in. */
export const anotherAccount = (action: string, csrf: Csrf): Html =>
  form(action, csrf, html`<button class="text-button" type="submit">Use another account</button>`, 'after');

/** Whose account it is. */
export const person = (email: string): Html =>
  html`<span class="person">
    <span class="avatar" aria-hidden="true">${initialOf(email)}</span>
    <span>${given(email)}</span>
  </span>`;

/** The first letter, for a tile. */
export const initialOf = (name: string): string => Array.from(name.trim())[0]?.toUpperCase() ?? '?';
