import { type Html, html } from '../security/html.js';

const icon = (paths: Html): Html =>
  html`<svg
    class="icon"
    viewBox="0 0 20 20"
    fill="none"
    stroke="currentColor"
    stroke-width="1.6"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    ${paths}
  </svg>`;

/** The wall of the product's name. */
export const mark = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
  <rect class="mark-ground" width="32" height="32" rx="9" />
  <path class="mark-wall" d="M8 9h4v3h2.4V9h3.2v3H20V9h4v7.2c0 3.9-3.2 6.6-8 8.3-4.8-1.7-8-4.4-8-8.3z" />
</svg>`;

export const icons = {
  alert: icon(html`<circle cx="10" cy="10" r="7.5" /><path d="M10 6.5v4M10 13.5v.01" />`),
  check: icon(html`<path d="m4.5 10.5 3.5 3.5 7.5-8" />`),
  done: icon(html`<circle cx="10" cy="10" r="7.5" /><path d="m6.8 10.2 2.3 2.3 4.2-4.6" />`),
  stop: icon(html`<circle cx="10" cy="10" r="7.5" /><path d="m7.5 7.5 5 5m0-5-5 5" />`),
  verified: icon(
    html`<path d="M10 2.3 16 4.5v4.7c0 3.7-2.4 6.6-6 8.5-3.6-1.9-6-4.8-6-8.5V4.5z" /><path d="m7.3 9.8 2 2 3.5-3.8" />`,
  ),
  passkey: icon(
    html`<circle cx="7.5" cy="6.5" r="3.3" /><path d="M2 16.5c.3-3.2 2.5-5 5.5-5 .7 0 1.3.1 1.9.3" /><circle
        cx="14.5"
        cy="10"
        r="2.3"
      /><path d="M14.5 12.3v5.2l1.5-1.3M14.5 14.5l1.3-.9" />`,
  ),
  key: icon(html`<circle cx="6.5" cy="13.5" r="3.5" /><path d="m9 11 7.5-7.5M13.5 6.5l2 2M11.5 8.5l1.3 1.3" />`),
  device: icon(html`<rect x="2.5" y="3.5" width="15" height="10" rx="1.6" /><path d="M7 17h6M10 13.5V17" />`),
  link: icon(
    html`<path
      d="M8.3 11.7a3.2 3.2 0 0 0 4.6 0l2.7-2.7a3.2 3.2 0 0 0-4.6-4.6l-1 1M11.7 8.3a3.2 3.2 0 0 0-4.6 0L4.4 11a3.2 3.2 0 0 0 4.6 4.6l1-1"
    />`,
  ),
  code: icon(html`<rect x="5" y="2.5" width="10" height="15" rx="2" /><path d="M9 14.8h2" />`),
  forward: icon(html`<path d="M4 10h12M11.5 5.5 16 10l-4.5 4.5" />`),
  clock: icon(html`<circle cx="10" cy="10" r="7.5" /><path d="M10 6v4.2l2.7 1.6" />`),
  chevron: icon(html`<path d="m7.5 5 5 5-5 5" />`),
} satisfies Record<string, Html>;
