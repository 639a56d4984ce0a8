import { css } from './css.js';

/** The page of one's account: a navigation beside cards. */
export const accountStyle = css`
  .wide-page .top {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 1rem;
    padding: 0.75rem max(1.25rem, calc((100% - 60rem) / 2));
    background: var(--card);
    border-bottom: 1px solid var(--line);
  }
  .wide-page main {
    flex: 1;
    width: 100%;
    max-width: 62.5rem;
    margin: 0 auto;
    padding: 2.5rem 1.25rem;
  }
  .wide-page .bottom {
    padding: 0 1.25rem 2rem;
  }
  .account-heading {
    grid-template-columns: auto minmax(0, 1fr);
    align-items: center;
    gap: 1rem;
    margin-bottom: 2rem;
  }
  .account-heading p {
    color: var(--soft);
  }
  .columns {
    display: grid;
    grid-template-columns: 11rem minmax(0, 1fr);
    gap: 2.5rem;
    align-items: start;
  }
  .places {
    position: sticky;
    top: 1.5rem;
    margin-inline-start: -0.75rem;
  }
  .places a {
    display: block;
    padding: 0.4375rem 0.75rem;
    color: var(--soft);
    font-weight: 500;
    text-decoration: none;
    white-space: nowrap;
    border-radius: 0.5rem;
  }
  .places a:hover {
    color: var(--text);
    background: var(--line);
  }
  .sections {
    display: grid;
    gap: 1.25rem;
    grid-template-columns: minmax(0, 1fr);
  }
  .section {
    background: var(--card);
    border: 1px solid var(--line);
    border-radius: 0.875rem;
  }
  .section:target {
    border-color: var(--accent);
  }
  .section-head {
    padding: 1.25rem 1.5rem;
  }
  .section-head p,
  .empty {
    color: var(--soft);
    font-size: 0.875rem;
  }
  .rows,
  .facts,
  .empty {
    border-top: 1px solid var(--line);
  }
  .empty {
    padding: 1.25rem 1.5rem;
  }
  .row {
    display: grid;
    grid-template-columns: 2.25rem minmax(0, 1fr) auto;
    gap: 0.125rem 0.875rem;
    align-items: center;
    padding: 0.875rem 1.5rem;
  }
  .row + .row,
  .facts div + div {
    border-top: 1px solid var(--line);
  }
  .row-icon {
    display: grid;
    place-items: center;
    align-self: start;
    width: 2.25rem;
    height: 2.25rem;
    color: var(--soft);
    overflow: hidden;
    font-weight: 650;
    line-height: 1;
    background: var(--page);
    border-radius: 0.5rem;
  }
  .row-title {
    font-weight: 600;
  }
  .row-title .pill {
    margin-inline-start: 0.25rem;
  }
  .row-title code {
    font-weight: 400;
    color: var(--soft);
  }
  .row-fact {
    font-size: 0.8125rem;
    color: var(--soft);
  }
  .row-fact time {
    white-space: nowrap;
  }
  .dot::before {
    content: '·';
    margin: 0 0.125rem;
  }
  .scope-names {
    font-family: ui-monospace, 'SF Mono', SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
    font-size: 0.75rem;
  }
  .state {
    padding: 0.125rem 0.5625rem;
    background: var(--page);
    border-radius: 0.75rem;
    font-size: 0.8125rem;
    font-weight: 500;
    color: var(--soft);
  }
  .state.on {
    color: var(--good);
    background: var(--good-soft);
  }
  .section > .stack,
  .section-foot {
    padding: 1rem 1.5rem 1.25rem;
    border-top: 1px solid var(--line);
  }
  .section > .passkey {
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 0.75rem;
    align-items: end;
  }
  .section > .passkey .hint {
    grid-column: 1/3;
  }
  .section-foot {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem 0.875rem;
  }
  .facts div {
    display: grid;
    grid-template-columns: 8rem minmax(0, 1fr);
    gap: 0 1rem;
    padding: 0.75rem 1.5rem;
  }
  .facts dt,
  .none {
    color: var(--soft);
  }
  .card-page .facts {
    border: 1px solid var(--line);
    border-radius: 0.75rem;
  }
  .card-page .facts div {
    grid-template-columns: 6rem minmax(0, 1fr);
    padding: 0.625rem 0.875rem;
    font-size: 0.875rem;
  }
`;
