import { css } from './css.js';

/** Headings and fields. Fields have 16 pixels of type: below that, telephones zoom in. */
export const formStyle = css`
  .heading {
    display: grid;
    gap: 0.375rem;
  }
  .heading > p {
    color: var(--soft);
  }
  .stack {
    display: grid;
    gap: 1.125rem;
    grid-template-columns: minmax(0, 1fr);
  }
  .field {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 0.375rem 1rem;
    align-items: baseline;
  }
  .field label {
    grid-area: 1/1;
    font-size: 0.875rem;
    font-weight: 500;
  }
  .field .box {
    grid-area: 2/1/3/3;
    position: relative;
  }
  .field .hint {
    grid-column: 1/3;
  }
  .hint {
    color: var(--soft);
    font-size: 0.8125rem;
  }
  .hint:empty {
    display: none;
  }
  input.words,
  input.code {
    width: 100%;
    height: 2.75rem;
    padding: 0 0.8125rem;
    font: inherit;
    font-size: 1rem;
    color: inherit;
    background: var(--field);
    border: 1px solid var(--edge);
    border-radius: 0.625rem;
    transition: border-color 0.12s;
  }
  input.words:hover,
  input.code:hover {
    border-color: var(--text);
  }
  input.words:focus,
  input.code:focus {
    border-color: var(--accent);
    outline: 2px solid var(--accent);
    outline-offset: -2px;
  }
  input[aria-invalid]:not(:focus) {
    border-color: var(--bad);
  }
  input.code {
    height: 3.25rem;
    font-family: ui-monospace, 'SF Mono', SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
    font-size: 1.375rem;
    letter-spacing: 0.16em;
  }
  #user_code {
    text-transform: uppercase;
  }
  input[type='password'],
  .box:has(.reveal:not([hidden])) input {
    padding-right: 4.25rem;
  }
  .reveal {
    position: absolute;
    right: 0.375rem;
    top: 0.375rem;
    height: 2rem;
    padding: 0 0.5rem;
    font: inherit;
    font-size: 0.8125rem;
    color: var(--soft);
    background: none;
    border: 0;
    border-radius: 0.375rem;
    cursor: pointer;
  }
  .reveal:hover {
    color: var(--text);
    background: var(--page);
  }
`;
