import { type Content, html } from '../security/html.js';
import type { StoredMail } from './folder-transport.js';

const LINK = /(https?:\/\/[^\s<>"']+)/;

/** The split leaves what is no link at the even places. */
const withLinks = (text: string): Content =>
  text.split(LINK).map((part, i) => (i % 2 === 0 ? part : html`<a href="${part}">${part}</a>`));

const article = ({ to, subject, text, at, id }: StoredMail) =>
  html` <article aria-labelledby="m-${id}">
    <header>
      <h2 id="m-${id}">${subject}</h2>
      <p>
        <span>To <b>${to}</b></span> <time datetime="${at}">${at.replace('T', ' ').slice(0, 19)} UTC</time>
      </p>
    </header>
    <pre>${withLinks(text)}</pre>
  </article>`;

const STYLE = html`<style>
  :root {
    color-scheme: light dark;
    --line: light-dark(#d9dee5, #333b46);
    --soft: light-dark(#5b6675, #9aa6b5);
    --card: light-dark(#fff, #1a2029);
    --page: light-dark(#f4f6f8, #11151b);
    --link: light-dark(#0b5cad, #7db8f5);
  }
  body {
    margin: 0;
    background: var(--page);
    font:
      1rem/1.5 system-ui,
      sans-serif;
  }
  main {
    max-width: 46rem;
    margin: 0 auto;
    padding: 2rem 1rem;
  }
  h1 {
    font-size: 1.5rem;
    margin: 0;
  }
  h1 + p,
  header p {
    color: var(--soft);
    margin: 0.25rem 0 0;
  }
  article {
    background: var(--card);
    border: 1px solid var(--line);
    border-radius: 0.6rem;
    margin-top: 1.25rem;
    padding: 1rem 1.25rem;
  }
  h2 {
    font-size: 1.05rem;
    margin: 0;
  }
  header p {
    font-size: 0.9rem;
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 0 1rem;
  }
  header b {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  pre {
    font:
      0.92rem/1.55 ui-monospace,
      monospace;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    margin: 1rem 0 0;
  }
  a {
    color: var(--link);
  }
</style>`;

/** What was sent, the newest first: no script, nothing of a mail unescaped. */
export function mailboxPage(mails: readonly StoredMail[]): string {
  const count = mails.length === 1 ? '1 mail' : `${mails.length} mails`;
  const hint =
    mails.length === 0
      ? 'Nothing was sent yet: register somebody, and load this page again.'
      : `${count}, the newest first.`;
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>Mailbox of this machine</title>
          <link rel="icon" href="data:," />
          ${STYLE}
        </head>
        <body>
          <main>
            <h1>Mailbox of this machine</h1>
            <p>${hint}</p>
            ${mails.map(article)}
          </main>
        </body>
      </html> `,
  );
}
