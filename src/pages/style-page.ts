import { css } from './css.js';

/** Type, and the frame of every page. */
export const pageStyle = css`
  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  html {
    -webkit-text-size-adjust: 100%;
    text-size-adjust: 100%;
    scroll-behavior: smooth;
    scroll-padding-top: 1.5rem;
  }
  body {
    margin: 0;
    min-height: 100vh;
    min-height: 100dvh;
    display: flex;
    flex-direction: column;
    background: var(--page);
    color: var(--text);
    font:
      0.9375rem/1.5 -apple-system,
      BlinkMacSystemFont,
      'Segoe UI Variable Text',
      'Segoe UI',
      Inter,
      Roboto,
      'Noto Sans',
      Ubuntu,
      Cantarell,
      'Helvetica Neue',
      'Liberation Sans',
      'DejaVu Sans Condensed',
      sans-serif;
    -webkit-font-smoothing: antialiased;
    overflow-wrap: anywhere;
  }
  h1,
  h2,
  p,
  ul,
  dl,
  dd,
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
    min-width: 0;
  }
  p {
    text-wrap: pretty;
  }
  ul {
    list-style: none;
  }
  h1 {
    font-size: 1.5rem;
    line-height: 1.25;
    font-weight: 650;
    letter-spacing: -0.018em;
    text-wrap: balance;
  }
  h2 {
    font-size: 1.0625rem;
    line-height: 1.35;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  strong {
    font-weight: 600;
    color: var(--text);
  }
  a {
    color: var(--link);
    text-underline-offset: 0.2em;
    text-decoration-thickness: 1px;
    text-decoration-color: color-mix(in srgb, currentColor 45%, transparent);
  }
  a:hover {
    text-decoration-color: currentColor;
  }
  code {
    font-family: ui-monospace, 'SF Mono', SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
    font-size: 0.9em;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  main:focus,
  section:focus {
    outline: 0;
  }
  .icon {
    width: 1.25rem;
    height: 1.25rem;
    flex: none;
  }
  .sr-only {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .skip {
    position: absolute;
    left: 1rem;
    top: -4rem;
    padding: 0.5rem 0.75rem;
    border-radius: 0.5rem;
    background: var(--card);
    z-index: 1;
  }
  .skip:focus {
    top: 0.75rem;
  }
  .brand {
    display: inline-flex;
    align-items: center;
    gap: 0.625rem;
    font-size: 1.0625rem;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  .mark {
    width: 1.75rem;
    height: 1.75rem;
    flex: none;
  }
  .mark-ground {
    fill: var(--accent);
  }
  .mark-wall {
    fill: var(--on-accent);
  }
  .top,
  .bottom {
    flex: none;
  }
  .bottom {
    color: var(--soft);
    font-size: 0.8125rem;
    text-align: center;
  }
  .bottom p {
    text-wrap: balance;
  }
  .card-page {
    align-items: center;
    padding: 2.5rem 1rem 1.5rem;
  }
  .card-page .top {
    margin-top: auto;
    padding-bottom: 1.5rem;
  }
  .card-page main {
    width: 100%;
    max-width: 26.5rem;
    padding: 2.25rem;
    display: grid;
    gap: 1.5rem;
    grid-template-columns: minmax(0, 1fr);
    background: var(--card);
    border: 1px solid var(--line);
    border-radius: 1rem;
    box-shadow: var(--shadow);
  }
  .card-page .bottom {
    margin-top: auto;
    padding-top: 2rem;
  }
  @media (max-width: 30rem) {
    .card-page {
      align-items: stretch;
      padding: 1.5rem 1.25rem;
      background: var(--card);
    }
    .card-page .top {
      margin-top: 0;
      padding-bottom: 2rem;
    }
    .card-page main {
      max-width: none;
      padding: 0;
      border: 0;
      border-radius: 0;
      box-shadow: none;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    html {
      scroll-behavior: auto;
    }
    *,
    ::before,
    ::after {
      transition: none !important;
    }
  }
`;
