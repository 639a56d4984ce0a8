import { PRODUCT } from '../config/product.js';
import { type Content, type Html, html } from '../security/html.js';
import { choice, form, given, initialOf, person } from './form-parts.js';
import { icons, mark } from './icons.js';
import { pageOf } from './layout.js';
import type { Csrf } from './page-model.js';

export interface ConsentModel {
  readonly action: string;
  readonly csrf: Csrf;
  readonly client: ConsentClient;
  readonly user: { readonly email: string };
  readonly scopes: readonly ConsentScope[];
  /** It keeps access when the person is away. */
  readonly offline: boolean;
}

export interface ConsentClient {
  readonly name: string;
  readonly id: string;
  /** Nobody is sent anywhere from a page for a device. */
  readonly redirectHost: string | null;
  /** `itself`: by dynamic registration. */
  readonly madeBy: 'administrator' | 'user' | 'itself';
}

export interface ConsentScope {
  readonly scope: string;
  readonly title: string;
  readonly description: string;
  /** Not granted before, where something was. */
  readonly isNew: boolean;
  readonly required: boolean;
}

/** Who asks, for what, and where one goes then. Sends `scope` for each that is given, and `decision`: `allow` or `cancel`. */
export function consentView({ action, csrf, client, user, scopes, offline }: ConsentModel): string {
  const name = given(client.name);
  return pageOf({
    title: `Allow ${client.name}?`,
    body: html`<div class="heading consent">
        <div class="pair" aria-hidden="true">
          <span class="tile">${initialOf(client.name)}</span><span class="dots"></span>${mark}
        </div>
        <h1>${name} wants to use your ${PRODUCT} account</h1>
        ${standing(client)}
      </div>
      ${form(action, csrf, [permissions(scopes, name), offline && awayNote, destination(client), choice(['decision', 'cancel', 'Cancel'], ['decision', 'allow', 'Allow'])])}
      <dl class="footnote">
        <dt>Signed in as</dt>
        <dd>${person(user.email)}</dd>
      </dl>`,
  });
}

function standing({ madeBy }: ConsentClient): Html {
  if (madeBy === 'administrator') return html`<p class="badge">${icons.verified}Set up by an administrator</p>`;
  return html`<div class="note caution">
    ${icons.alert}
    <p>${madeBy === 'user' ? madeByUser : madeByItself}</p>
  </div>`;
}

const madeByUser = `Another ${PRODUCT} user made this app, and nobody here has checked it. Continue only if you trust them.`;
const madeByItself =
  'This app registered itself, and nobody here has checked it. Continue only if you know where it comes from.';

/** One box each, so that less than everything can be given; what the app cannot do without is marked, and sent along. */
const permissions = (scopes: readonly ConsentScope[], name: Html): Content =>
  scopes.length > 0 &&
  html`<fieldset class="scopes">
      <legend>It will be able to</legend>
      ${scopes.map(permission)}
    </fieldset>
    ${scopes.some(({ required }) => !required) && html`<p class="hint">Untick anything ${name} should not have.</p>`}`;

function permission({ scope, title, description, isNew, required }: ConsentScope): Html {
  const name = [given(title), isNew && pill('New'), required && pill('Required', ' quiet')];
  const words = [html`<span class="title">${name}</span>`, html`<span class="description">${description}</span>`];
  return required
    ? html`<div class="scope">
        <input type="hidden" name="scope" value="${scope}" />
        <span class="fixed-mark">${icons.check}</span>
        <span class="words">${words}</span>
      </div>`
    : html`<label class="scope">
        <input type="checkbox" name="scope" value="${scope}" checked />
        <span class="words">${words}</span>
      </label>`;
}

const pill = (text: string, kind = ''): Html => html` <span class="pill${kind}">${text}</span>`;

const awayNote = html`<p class="fact">
  ${icons.clock}<span>It keeps this access when you are away, until you remove it in your account.</span>
</p>`;

const destination = ({ redirectHost, id }: ConsentClient): Html =>
  html`${
      redirectHost !== null &&
      html`<div class="fact">
        ${icons.forward}<span>You will be sent to <strong>${given(redirectHost)}</strong></span>
      </div>`
    }
    <details class="fact-details">
      <summary>${icons.chevron}About this app</summary>
      <dl>
        <dt>Client ID</dt>
        <dd><code>${id}</code></dd>
      </dl>
    </details>`;
