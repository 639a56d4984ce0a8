import { createHash } from 'node:crypto';
import { passkeyScript } from './passkey-script.js';
import { revealScript } from './reveal-script.js';
import { style } from './style.js';

/** A file that pages load. Its name changes with what it holds, so that a browser may keep it for ever. */
export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

const HASH_CHARACTERS = 16;

function asset(stem: string, extension: string, type: string, body: string): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, HASH_CHARACTERS);
  return { path: `/assets/${stem}.${hash}.${extension}`, type, body };
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#3f51d9"/>' +
  '<path fill="#fff" d="M8 9h4v3h2.4V9h3.2v3H20V9h4v7.2c0 3.9-3.2 6.6-8 8.3-4.8-1.7-8-4.4-8-8.3z"/></svg>';

/** Without what only its readers need; no text of a script begins a line. */
const compact = (script: string): string => script.replace(/^ +/gm, '');

/** Everything that pages load. Served from here alone: no file of the machine is ever read for a name in a request. */
export const assets = {
  style: asset('pages', 'css', 'text/css; charset=utf-8', style),
  script: asset('pages', 'js', 'text/javascript; charset=utf-8', compact(passkeyScript + revealScript)),
  icon: asset('icon', 'svg', 'image/svg+xml', ICON),
} satisfies Record<string, Asset>;
