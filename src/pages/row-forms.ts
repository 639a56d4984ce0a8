import { type Html, html } from '../security/html.js';
import { form, given } from './form-parts.js';
import type { Csrf } from './page-model.js';

/** Ends one thing: `POST /account/<section>/<id>/end`. The whole sentence is for who cannot see which row a button is in. */
export const endForm = (csrf: Csrf, path: string, id: string, verb: string, name: string): Html =>
  form(`/account/${path}/${encodeURIComponent(id)}/end`, csrf, smallButton(verb, name), 'row-action');

/** A button of a row; what it is about is said to those who hear the page. */
export const smallButton = (verb: string, name: string): Html =>
  html`<button class="button small" type="submit">${verb}<span class="sr-only"> ${given(name)}</span></button>`;
