import { PRODUCT } from '../config/product.js';
import { html } from '../security/html.js';
import { choice, form, given, heading } from './form-parts.js';
import { pageOf } from './layout.js';
import { outcome } from './outcome.js';
import type { ClientName, Csrf } from './page-model.js';

/** Asks first: any page could send somebody here (OpenID Connect RP-Initiated Logout, section 2). Sends `logout` or `stay`. */
export const signOutView = ({ action, csrf, client }: { action: string; csrf: Csrf; client?: ClientName }): string =>
  pageOf({
    title: 'Sign out?',
    body: html`${heading(
      'Sign out?',
      client
        ? html`<strong>${given(client.name)}</strong> asks you to sign out of ${PRODUCT} in this browser.`
        : `You will be signed out of ${PRODUCT} in this browser.`,
    )}
    ${form(action, csrf, choice(['stay', 'yes', 'Stay signed in'], ['logout', 'yes', 'Sign out']))}`,
  });

export const signedOutView = ({ client }: { client?: ClientName }): string =>
  outcome(
    'good',
    'You are signed out',
    client
      ? html`You can go back to <strong>${given(client.name)}</strong>, or close this page.`
      : 'You can close this page. On a shared computer, close the browser as well.',
  );
