import { css } from './css.js';

/** Codes, references, and how things ended. */
export const outcomeStyle = css`
  .footnote {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: center;
    gap: 0.25rem 0.5rem;
    font-size: 0.8125rem;
    color: var(--soft);
  }
  .user-code {
    padding: 1rem;
    font:
      600 1.75rem/1.2 ui-monospace,
      'SF Mono',
      SFMono-Regular,
      Menlo,
      Consolas,
      'DejaVu Sans Mono',
      monospace;
    letter-spacing: 0.1em;
    text-align: center;
    background: var(--page);
    border: 1px solid var(--line);
    border-radius: 0.75rem;
  }
  .codes {
    display: grid;
    gap: 0.375rem;
    padding: 1rem 1rem 1rem 2.75rem;
    background: var(--page);
    border: 1px solid var(--line);
    border-radius: 0.75rem;
  }
  .codes li::marker {
    font-size: 0.8125rem;
    color: var(--soft);
  }
  .outcome {
    display: grid;
    gap: 0.5rem;
    justify-items: center;
    text-align: center;
  }
  .outcome p {
    color: var(--soft);
  }
  .sign {
    display: grid;
    place-items: center;
    width: 3rem;
    height: 3rem;
    margin-bottom: 0.5rem;
    border-radius: 50%;
  }
  .sign .icon {
    width: 1.75rem;
    height: 1.75rem;
  }
  .good .sign {
    color: var(--good);
    background: var(--good-soft);
  }
  .bad .sign {
    color: var(--soft);
    background: var(--page);
  }
  .reference {
    display: grid;
    grid-template-columns: auto minmax(0, auto);
    justify-content: center;
    gap: 0.25rem 0.75rem;
    font-size: 0.8125rem;
    color: var(--soft);
    padding-top: 1.25rem;
    border-top: 1px solid var(--line);
  }
`;
