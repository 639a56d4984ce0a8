import { type Html, html } from '../security/html.js';

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });
const MINUTE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** A day, in UTC: which zone somebody is in is not known, and a page is not changed afterwards. */
export const day = (at: Date): Html => html`<time datetime="${at.toISOString()}">${DAY.format(at)}</time>`;

export const minute = (at: Date): Html => html`<time datetime="${at.toISOString()}">${MINUTE.format(at)} UTC</time>`;

export const lastUsed = (at: Date | null): Html => (at ? html`Last used ${minute(at)}` : html`Never used`);
