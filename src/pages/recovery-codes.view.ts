import { html, safeUrl } from '../security/html.js';
import { heading } from './form-parts.js';
import { icons } from './icons.js';
import { pageOf } from './layout.js';

/** The recovery codes, this one time. */
export const recoveryCodesView = ({ codes, next }: { codes: readonly string[]; next: string }): string =>
  pageOf({
    title: 'Keep these codes',
    body: html`${heading(
        'Keep these codes',
        'Each signs you in once, if you lose your device. Print them or save them in a password manager.',
      )}
      <div class="note caution">
        ${icons.alert}
        <p>They are not shown again.</p>
      </div>
      <ol class="codes">
        ${codes.map((code) => html`<li><code>${code}</code></li>`)}
      </ol>
      <p class="way-out"><a class="button primary" href="${safeUrl(next)}">I have kept them</a></p>`,
  });
