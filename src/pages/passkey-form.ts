import { type Content, type Html, html, safeUrl } from '../security/html.js';
import { hidden } from './form-parts.js';
import { icons } from './icons.js';
import type { Csrf, PasskeyAsk } from './page-model.js';

interface PasskeyForm {
  readonly csrf: Csrf;
  readonly ask: PasskeyAsk;
  readonly ceremony: 'get' | 'create';
  readonly label: string;
  readonly kind?: 'primary' | 'plain';
  /** More fields, above the button. */
  readonly fields?: Content;
  /** Whether the browser offers passkeys in the field for the address as well. */
  readonly autofill?: boolean;
}

/** A button that asks the browser for a passkey. The script shows it where there are passkeys; nothing else here needs one. */
export const passkeyForm = ({ csrf, ask, ceremony, label, kind = 'plain', fields, autofill }: PasskeyForm): Html =>
  html`<form
    class="stack passkey"
    method="post"
    action="${safeUrl(ask.action)}"
    data-passkey="${ceremony}"
    ${ask.options && html`data-options="${JSON.stringify(ask.options)}"`}
    ${ask.optionsUrl && html`data-options-url="${safeUrl(ask.optionsUrl)}"`}
    ${autofill && html`data-autofill="true"`}
    hidden
  >
    ${hidden(csrf.name, csrf.value)}${hidden('response', '')}${fields}
    <button class="button ${kind}" type="submit">${icons.passkey}<span>${label}</span></button>
    <p class="hint" role="status" data-passkey-message></p>
  </form>`;
