import { css } from './css.js';

/** Buttons, what stands between and below forms, and notes. */
export const buttonStyle = css`
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.5rem;
    width: 100%;
    min-height: 2.75rem;
    padding: 0.5rem 1rem;
    font: inherit;
    font-weight: 500;
    line-height: 1.25;
    text-align: center;
    text-decoration: none;
    color: var(--text);
    background: var(--card);
    border: 1px solid var(--edge);
    border-radius: 0.625rem;
    cursor: pointer;
    transition:
      background-color 0.12s,
      border-color 0.12s;
  }
  .button:hover {
    border-color: var(--text);
  }
  .button:active {
    background: var(--page);
  }
  .button.primary {
    font-weight: 600;
    color: var(--on-accent);
    background: var(--accent);
    border-color: var(--accent);
  }
  .button.primary:hover,
  .button.primary:active {
    background: var(--accent-strong);
    border-color: var(--accent-strong);
  }
  .button.small {
    width: auto;
    min-height: 2.25rem;
    padding: 0.25rem 0.8125rem;
    font-size: 0.875rem;
  }
  .button.danger {
    color: var(--bad);
  }
  .button[aria-busy='true'] {
    opacity: 0.65;
    cursor: progress;
  }
  .text-button {
    padding: 0;
    font: inherit;
    color: var(--link);
    background: none;
    border: 0;
    text-decoration: underline 1px color-mix(in srgb, currentColor 45%, transparent);
    text-underline-offset: 0.2em;
    cursor: pointer;
  }
  .divider {
    display: flex;
    align-items: center;
    gap: 0.75rem;
    color: var(--soft);
    font-size: 0.8125rem;
  }
  .divider::before,
  .divider::after {
    content: '';
    flex: 1;
    border-top: 1px solid var(--line);
  }
  .ways {
    display: grid;
    gap: 0.75rem;
    grid-template-columns: minmax(0, 1fr);
  }
  .ways .divider {
    margin-bottom: 0.5rem;
  }
  .ways .stack {
    gap: 0.5rem;
  }
  .only-passkey:not(:has(.passkey:not([hidden]))) {
    display: none;
  }
  .after {
    color: var(--soft);
    text-align: center;
  }
  details.after {
    text-align: start;
  }
  details.after .stack {
    margin-top: 1rem;
    color: var(--text);
  }
  summary {
    display: flex;
    align-items: center;
    gap: 0.125rem;
    width: fit-content;
    list-style: none;
    color: var(--link);
    cursor: pointer;
    border-radius: 0.25rem;
  }
  summary::-webkit-details-marker {
    display: none;
  }
  summary .icon {
    width: 1rem;
    height: 1rem;
    margin-inline-start: -0.1875rem;
    transition: rotate 0.12s;
  }
  [open] > summary .icon {
    rotate: 90deg;
  }
  details.after summary {
    margin: 0 auto;
  }
  .note {
    display: flex;
    gap: 0.625rem;
    padding: 0.75rem 0.875rem;
    font-size: 0.875rem;
    border: 1px solid;
    border-radius: 0.625rem;
  }
  .note p {
    min-width: 0;
  }
  .note .icon {
    margin-top: 0.03rem;
  }
  .note.error {
    color: var(--bad);
    background: var(--bad-soft);
    border-color: var(--bad-line);
  }
  .note.caution {
    color: var(--caution);
    background: var(--caution-soft);
    border-color: var(--caution-line);
    text-align: start;
  }
  .note.notice {
    color: var(--good);
    background: var(--good-soft);
    border-color: transparent;
  }
`;
