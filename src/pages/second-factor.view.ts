import { type Content, html } from '../security/html.js';
import { field } from './field.js';
import { icons } from './icons.js';
import { anotherAccount, divider, errorNote, form, heading, hidden, person, submit, toContinue } from './form-parts.js';
import { pageOf } from './layout.js';
import type { ClientName, FormModel } from './page-model.js';
import { passkeyForm } from './passkey-form.js';

export interface SecondFactorModel extends FormModel {
  /** What the first step gave; it goes back with the answer. */
  readonly challenge: string;
  readonly methods: readonly Method[];
  readonly passkeyOptions?: object;
  readonly client: ClientName | null;
  /** What the error is about, where it is not the first of the forms. */
  readonly tried?: Method;
  /** Somebody who is signed in, and is asked once more. */
  readonly again?: { readonly email: string; readonly signOut: { readonly action: string } };
}

type Method = 'totp' | 'recovery_code' | 'passkey';

/** The second step. Each form sends `challenge`, and one of `code`, `recoveryCode` and `response`. */
export function secondFactorView(model: SecondFactorModel): string {
  const ways = [codeForm(model), passkey(model)].filter(Boolean);
  const { again } = model;
  const title = again ? 'Confirm it’s you' : 'Two-step sign-in';
  const below = toContinue(model.client, again ? 'to go on in your account' : 'to finish signing in');
  return pageOf({
    title,
    error: model.error,
    body: html`${heading(title, below)}${again && html`<p class="who">${person(again.email)}</p>`}
    ${errorNote(model.error)}${ways[0]}${ways.length > 1 && html`<div class="ways only-passkey">${divider}${ways[1]}</div>`}
    ${recovery(model, ways.length === 0)}${again && anotherAccount(again.signOut.action, model.csrf)}`,
  });
}

function codeForm({ action, csrf, challenge, methods, error, tried = 'totp' }: SecondFactorModel): Content {
  if (!methods.includes('totp')) return null;
  const code = field({
    name: 'code',
    label: 'Code from your authenticator app',
    autocomplete: 'one-time-code',
    isWrong: error !== undefined && tried === 'totp',
    hasFocus: tried !== 'recovery_code',
    look: 'code',
    hint: 'Six digits. A new code comes every 30 seconds.',
    more: html`inputmode="numeric" pattern="[0-9]{3} ?[0-9]{3}" maxlength="7" title="Six digits"`,
  });
  return form(action, csrf, [hidden('challenge', challenge), code, submit('Continue')]);
}

function passkey({ action, csrf, challenge, methods, passkeyOptions }: SecondFactorModel): Content {
  if (!methods.includes('passkey') || !passkeyOptions) return null;
  const isOnly = !methods.includes('totp');
  const key = passkeyForm({
    csrf,
    ask: { action, options: passkeyOptions },
    ceremony: 'get',
    label: 'Use a passkey',
    kind: isOnly ? 'primary' : 'plain',
    fields: hidden('challenge', challenge),
  });
  return [key, isOnly && html`<p data-no-passkey>Passkeys need JavaScript, and a browser that supports them.</p>`];
}

function recovery(model: SecondFactorModel, isOnly: boolean): Content {
  const { action, csrf, challenge, methods, error, tried } = model;
  if (!methods.includes('recovery_code')) return null;
  const isMeant = isOnly || tried === 'recovery_code';
  const code = field({
    name: 'recoveryCode',
    label: 'Recovery code',
    autocomplete: 'off',
    isWrong: isMeant && error !== undefined,
    hasFocus: isMeant,
    hint: 'One of the codes you kept when you turned this on. Each works once.',
    more: html`maxlength="64"`,
  });
  const content = form(action, csrf, [
    hidden('challenge', challenge),
    code,
    submit('Continue', isOnly ? 'primary' : 'plain'),
  ]);
  return isOnly
    ? content
    : html`<details class="after" ${isMeant && html`open`}>
        <summary>${icons.chevron}Use a recovery code</summary>
        ${content}
      </details>`;
}
