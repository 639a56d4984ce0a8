import type { StoredMail } from './folder-transport.js';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for a place between tags or between quotes. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

/** Escaped first: a link is made of what can do no harm any more. */
const withLinks = (text: string): string => escaped(text).replace(/https?:\/\/[^\s<>"']+/g, '<a href="$&">$&</a>');

const article = ({ to, subject, text, at, id }: StoredMail): string => `
      <article aria-labelledby="m-${escaped(id)}">
        <header>
          <h2 id="m-${escaped(id)}">${escaped(subject)}</h2>
          <p><span>To <b>${escaped(to)}</b></span> <time datetime="${escaped(at)}">${escaped(at.replace('T', ' ').slice(0, 19))} UTC</time></p>
        </header>
        <pre>${withLinks(text)}</pre>
      </article>`;

const STYLE = `
      :root { color-scheme: light dark; --line: light-dark(#d9dee5, #333b46); --soft: light-dark(#5b6675, #9aa6b5);
        --card: light-dark(#fff, #1a2029); --page: light-dark(#f4f6f8, #11151b); --link: light-dark(#0b5cad, #7db8f5); }
      body { margin: 0; background: var(--page); font: 1rem/1.5 system-ui, sans-serif; }
      main { max-width: 46rem; margin: 0 auto; padding: 2rem 1rem; }
      h1 { font-size: 1.5rem; margin: 0; }
      h1 + p, header p { color: var(--soft); margin: .25rem 0 0; }
      article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; margin-top: 1.25rem; padding: 1rem 1.25rem; }
      h2 { font-size: 1.05rem; margin: 0; }
      header p { font-size: .9rem; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
      header b { font-weight: 600; overflow-wrap: anywhere; }
      pre { font: .92rem/1.55 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 1rem 0 0; }
      a { color: var(--link); }`;

/** What was sent, the newest first: no script, nothing of a mail unescaped. */
export function mailboxPage(mails: readonly StoredMail[]): string {
  const count = mails.length === 1 ? '1 mail' : `${mails.length} mails`;
  const hint =
    mails.length === 0
      ? 'Nothing was sent yet: register somebody, and load this page again.'
      : `${count}, the newest first.`;
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Mailbox of this machine</title>
    <link rel="icon" href="data:,">
    <style>${STYLE}
    </style>
  </head>
  <body>
    <main>
      <h1>Mailbox of this machine</h1>
      <p>${hint}</p>${mails.map(article).join('')}
    </main>
  </body>
</html>
`;
}
