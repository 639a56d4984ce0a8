import { type Content, type Html, html } from '../security/html.js';

/** One thing in a list, with what can be done about it. */
export interface Row {
  readonly icon: Html;
  readonly title: Content;
  readonly facts: readonly Content[];
  readonly action?: Content;
}

/** A card with a heading that the navigation leads to. */
export const section = (id: string, title: string, about: string, body: Content): Html =>
  html`<section class="section" id="${id}" aria-labelledby="${id}-title" tabindex="-1">
    <div class="section-head">
      <h2 id="${id}-title">${title}</h2>
      <p>${about}</p>
    </div>
    ${body}
  </section>`;

/** A list of rows, or the sentence that says why there are none. */
export const list = (rows: readonly Row[], empty: string): Html =>
  rows.length === 0
    ? html`<p class="empty">${empty}</p>`
    : html`<ul class="rows">
        ${rows.map(
          ({ icon, title, facts, action }) =>
            html`<li class="row">
              <span class="row-icon">${icon}</span>
              <div>
                <p class="row-title">${title}</p>
                ${facts.filter(Boolean).map((fact) => html`<p class="row-fact">${fact}</p>`)}
              </div>
              ${action}
            </li>`,
        )}
      </ul>`;
