import { PRODUCT } from '../config/product.js';
import { type Content, type Html, html } from '../security/html.js';
import { assets } from './assets.js';
import { mark } from './icons.js';

/** What differs between pages. */
export interface Page {
  readonly title: string;
  /** Said first in the title, which is what a screen reader reads first. */
  readonly error?: string;
  readonly body: Content;
  /** Stands in the bar on top, of wide pages. */
  readonly bar?: Content;
  readonly layout?: 'card' | 'wide';
}

const titleOf = ({ title, error }: Page): string =>
  [error && `Error: ${error.replace(/\.$/, '')}`, title, PRODUCT].filter(Boolean).join(' – ');

/**
 * Without `no-referrer`: under it browsers say `Origin: null` in a POST from our own page (Fetch, "append a request Origin
 * header"), and that could not be told from a stranger's. Other sites are told nothing either way.
 */
const head = (page: Page): Html =>
  html` <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="referrer" content="same-origin" />
    <meta name="robots" content="noindex, nofollow" />
    <meta name="color-scheme" content="light dark" />
    <title>${titleOf(page)}</title>
    <link rel="icon" type="image/svg+xml" href="${assets.icon.path}" />
    <link rel="stylesheet" href="${assets.style.path}" />
    <script src="${assets.script.path}" defer></script>
  </head>`;

const brand = html`<span class="brand">${mark}<span>${PRODUCT}</span></span>`;

/** A whole document. Nothing in it is inline that a policy without `unsafe-inline` would refuse. */
export const pageOf = (page: Page): string =>
  String(
    html`<!doctype html>
      <html lang="en">
        ${head(page)}
        <body class="${page.layout ?? 'card'}-page">
          ${page.layout === 'wide' && html`<a class="skip" href="#main">Skip to the content</a>`}
          <header class="top">${brand}${page.bar}</header>
          <main id="main" tabindex="-1">${page.body}</main>
          <footer class="bottom"><p>${PRODUCT} never asks for your password by email or phone.</p></footer>
        </body>
      </html> `,
  );
