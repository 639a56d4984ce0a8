import { css } from './css.js';

/** People, permissions and decisions. */
export const consentStyle = css`
  .avatar {
    display: inline-grid;
    place-items: center;
    flex: none;
    width: 1.5rem;
    height: 1.5rem;
    overflow: hidden;
    font-size: 0.75rem;
    font-weight: 650;
    line-height: 1;
    color: var(--link);
    background: var(--accent-soft);
    border-radius: 50%;
  }
  .avatar.large {
    width: 3.5rem;
    height: 3.5rem;
    font-size: 1.375rem;
  }
  .person {
    display: inline-flex;
    align-items: center;
    gap: 0.5rem;
    min-width: 0;
    text-align: start;
  }
  .person > :last-child {
    min-width: 0;
  }
  .who {
    padding: 0.625rem 0.8125rem;
    background: var(--page);
    border: 1px solid var(--line);
    border-radius: 0.625rem;
  }
  .heading.consent {
    gap: 0.75rem;
    justify-items: center;
    text-align: center;
  }
  .heading.consent .note {
    margin-top: 0.25rem;
  }
  .pair {
    display: flex;
    align-items: center;
    gap: 0.75rem;
    margin-bottom: 0.25rem;
  }
  .pair .mark,
  .tile {
    width: 3rem;
    height: 3rem;
  }
  .tile {
    display: grid;
    place-items: center;
    overflow: hidden;
    font-size: 1.25rem;
    font-weight: 650;
    line-height: 1;
    background: var(--page);
    border: 1px solid var(--line);
    border-radius: 0.875rem;
  }
  .dots {
    width: 1.75rem;
    border-top: 2px dotted var(--edge);
  }
  .heading > .badge {
    display: inline-flex;
    align-items: center;
    gap: 0.375rem;
    padding: 0.1875rem 0.625rem 0.1875rem 0.4375rem;
    font-size: 0.8125rem;
    color: var(--soft);
    background: var(--page);
    border-radius: 1rem;
  }
  .badge .icon {
    width: 1rem;
    height: 1rem;
  }
  legend {
    padding: 0;
    margin-bottom: 0.5rem;
    font-size: 0.875rem;
    font-weight: 600;
  }
  .scopes {
    border: 0;
  }
  .scope {
    display: grid;
    grid-template-columns: 1.25rem minmax(0, 1fr);
    gap: 0.75rem;
    padding: 0.75rem 0.875rem;
    border: 1px solid var(--line);
    border-top-width: 0;
  }
  legend + .scope {
    border-top-width: 1px;
    border-radius: 0.75rem 0.75rem 0 0;
  }
  .scope:last-child {
    border-radius: 0 0 0.75rem 0.75rem;
  }
  legend + .scope:last-child {
    border-radius: 0.75rem;
  }
  label.scope {
    cursor: pointer;
  }
  label.scope:hover {
    background: var(--page);
  }
  .scope input[type='checkbox'] {
    width: 1.125rem;
    height: 1.125rem;
    margin: 0.1rem 0 0 0.0625rem;
    accent-color: var(--accent);
  }
  .fixed-mark {
    color: var(--soft);
  }
  .words {
    display: grid;
    gap: 0.125rem;
  }
  .title {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.125rem 0.5rem;
    font-weight: 600;
  }
  .description {
    color: var(--soft);
    font-size: 0.8125rem;
    line-height: 1.45;
  }
  .pill {
    display: inline-block;
    padding: 0.0625rem 0.4375rem;
    font-size: 0.75rem;
    font-weight: 500;
    white-space: nowrap;
    color: var(--link);
    background: var(--accent-soft);
    border-radius: 0.75rem;
  }
  .pill.quiet {
    color: var(--soft);
    background: var(--page);
  }
  .scopes + .hint {
    margin-top: -0.625rem;
  }
  .fact {
    display: flex;
    gap: 0.625rem;
    font-size: 0.875rem;
    color: var(--soft);
  }
  .fact span {
    min-width: 0;
  }
  .fact .icon {
    margin-top: 0.03rem;
  }
  .fact-details {
    margin: -0.75rem 0 0 1.875rem;
    font-size: 0.8125rem;
  }
  .fact-details dl {
    margin-top: 0.25rem;
    color: var(--soft);
  }
  .fact-details dt,
  .fact-details dd {
    display: inline;
    margin-inline-end: 0.375rem;
  }
  .choice {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 0.75rem;
    margin-top: 0.25rem;
  }
`;
