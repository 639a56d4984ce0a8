import { html, safeUrl } from '../security/html.js';
import { given, heading } from './form-parts.js';
import { pageOf } from './layout.js';

/** Where the browser goes on by itself to another provider, and what to follow where it does not. */
export const onwardView = ({ label, href }: { readonly label: string; readonly href: string }): string =>
  pageOf({
    title: `Continue with ${label}`,
    body: html`${heading(html`Continue with ${given(label)}`, 'Sign in there to link that account to yours.')}
      <p class="way-out"><a class="button primary" href="${safeUrl(href)}">Continue</a></p>`,
  });
