import { PRODUCT } from '../config/product.js';
import { type Content, html } from '../security/html.js';
import { field } from './field.js';
import { choice, errorNote, facts, form, given, heading, hidden, submit } from './form-parts.js';
import { icons } from './icons.js';
import { pageOf } from './layout.js';
import type { ClientName, Csrf, FormModel } from './page-model.js';
import { outcome } from './outcome.js';

export interface DeviceCodeModel extends FormModel {
  readonly code?: string;
}

export interface DeviceConfirmModel {
  readonly action: string;
  readonly csrf: Csrf;
  readonly code: string;
  readonly client: ClientName;
  /** Where the device asked from. */
  readonly address: string;
  readonly agent: string;
}

/** Takes the code that a television or a terminal shows (RFC 8628 section 3.3). Sends `user_code`. */
export function deviceCodeView({ action, csrf, code, error }: DeviceCodeModel): string {
  const input = field({
    name: 'user_code',
    label: 'Code',
    autocomplete: 'off',
    value: code,
    isWrong: error !== undefined,
    hasFocus: true,
    look: 'code',
    hint: 'Capitals and dashes do not matter.',
    more: html`maxlength="32"`,
  });
  return pageOf({
    title: 'Connect a device',
    error,
    body: html`${heading('Connect a device', 'Enter the code that your device shows.')}
    ${errorNote(error)}${form(action, csrf, [input, submit('Continue')])}`,
  });
}

/** Shows the code once more: who was sent a link by somebody else has no device that shows it (RFC 8628 section 5.4). Sends `user_code`, and `confirm` or `abort`. */
export function deviceConfirmView({ action, csrf, code, client, address, agent }: DeviceConfirmModel): string {
  const known = facts([
    ['App', given(client.name)],
    ['Asked from', given(address)],
    ['Device', given(agent)],
  ]);
  return pageOf({
    title: 'Is this your device?',
    body: html`${heading('Is this your device?', html`<strong>${given(client.name)}</strong> wants to sign in to your ${PRODUCT} account.`)}
      <p class="user-code"><span class="sr-only">Code: </span>${code}</p>
      <div class="note caution">
        ${icons.alert}
        <p>Only continue if this code is on your device’s screen right now. If somebody sent it to you, cancel.</p>
      </div>
      ${known}
      ${form(action, csrf, [hidden('user_code', code), choice(['abort', 'yes', 'Cancel'], ['confirm', 'yes', 'Continue'])])}`,
  });
}

/** The end of it, here: the device goes on by itself. */
export function deviceDoneView({ client, allowed }: { client: ClientName; allowed: boolean }): string {
  const name: Content = html`<strong>${given(client.name)}</strong>`;
  return allowed
    ? outcome('good', 'Device connected', html`${name} is signed in. Continue on your device. You can close this page.`)
    : outcome('bad', 'Device not connected', html`${name} was not given access. You can close this page.`);
}
