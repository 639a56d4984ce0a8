import { css } from './css.js';

/** The page of one’s account where there is less room: the navigation above, actions below. */
export const accountNarrowStyle = css`
  @media (max-width: 52rem) {
    .wide-page main {
      padding: 1.75rem 1rem 2rem;
    }
    .wide-page .top {
      padding: 0.75rem 1rem;
    }
    .account-heading {
      margin-bottom: 1.25rem;
    }
    .columns {
      grid-template-columns: minmax(0, 1fr);
      gap: 1.25rem;
    }
    .places {
      position: static;
      margin: 0 -1rem;
      overflow-x: auto;
      scrollbar-width: none;
      mask-image: linear-gradient(to right, #000 calc(100% - 3rem), transparent);
    }
    .places ul {
      display: flex;
      gap: 0.5rem;
      width: max-content;
      padding: 0.25rem 3rem 0.25rem 1rem;
    }
    .places a {
      padding: 0.3125rem 0.75rem;
      font-size: 0.875rem;
      background: var(--card);
      border: 1px solid var(--line);
      border-radius: 1rem;
    }
  }
  @media (max-width: 34rem) {
    .section-head,
    .empty,
    .row,
    .section > .stack,
    .section-foot,
    .wide-page .facts div {
      padding-left: 1rem;
      padding-right: 1rem;
    }
    .row {
      grid-template-columns: 2.25rem minmax(0, 1fr);
    }
    .row:has(> .state) {
      grid-template-columns: 2.25rem minmax(0, 1fr) auto;
    }
    .row > form {
      grid-column: 2;
      justify-self: start;
      margin-top: 0.5rem;
    }
    .dot {
      display: block;
    }
    .dot::before {
      content: none;
    }
    .wide-page .facts div {
      grid-template-columns: minmax(0, 1fr);
    }
    .section > .passkey {
      grid-template-columns: minmax(0, 1fr);
    }
    .section > .passkey .hint {
      grid-column: 1;
    }
  }
`;
