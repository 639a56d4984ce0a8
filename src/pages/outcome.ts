import { type Content, html } from '../security/html.js';
import { icons } from './icons.js';
import { pageOf } from './layout.js';

/** A page that says how something ended. */
export const outcome = (kind: 'good' | 'bad', title: string, sentence: Content, more?: Content): string =>
  pageOf({
    title,
    body: html`<div class="outcome ${kind}">
        <span class="sign">${kind === 'good' ? icons.done : icons.stop}</span>
        <h1>${title}</h1>
        <p>${sentence}</p>
      </div>
      ${more}`,
  });
