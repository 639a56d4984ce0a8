import { css } from './css.js';

/** Colours. Pairs of text and ground have 4.5:1 at least, edges of controls 3:1 (WCAG 1.4.3, 1.4.11). */
export const colorStyle = css`
  :root {
    color-scheme: light dark;
    --page: #f5f6f8;
    --card: #fff;
    --field: #fff;
    --text: #15181e;
    --soft: #565e6c;
    --line: #e2e5ea;
    --edge: #868e9c;
    --accent: #3f51d9;
    --accent-strong: #3140b8;
    --on-accent: #fff;
    --accent-soft: #eceffd;
    --link: #3445c4;
    --bad: #b3261e;
    --bad-soft: #fdf0ef;
    --bad-line: #f1c7c3;
    --caution: #7a4b00;
    --caution-soft: #fff6e5;
    --caution-line: #efd6a3;
    --good: #14683a;
    --good-soft: #eaf6ef;
    --shadow: 0 1px 2px rgb(16 24 40 / 5%), 0 12px 32px -8px rgb(16 24 40 / 10%);
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --page: #0e1014;
      --card: #16191f;
      --field: #101318;
      --text: #eceef2;
      --soft: #a4acb9;
      --line: #2a2f38;
      --edge: #6d7686;
      --accent: #97a4ff;
      --accent-strong: #b1bbff;
      --on-accent: #0f1230;
      --accent-soft: #21274a;
      --link: #aab5ff;
      --bad: #ffa79f;
      --bad-soft: #2b1716;
      --bad-line: #5f2c28;
      --caution: #f5cd82;
      --caution-soft: #2a2112;
      --caution-line: #584420;
      --good: #86dba8;
      --good-soft: #13271c;
      --shadow: none;
    }
  }
  @media (prefers-contrast: more) {
    :root {
      --soft: var(--text);
      --line: var(--text);
      --edge: var(--text);
    }
  }
`;
