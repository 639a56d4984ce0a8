import { type Content, html, safeUrl } from '../security/html.js';
import { outcome } from './outcome.js';

export interface ErrorModel {
  readonly title: string;
  /** For people: what happened, and what they can do. */
  readonly sentence: string;
  readonly requestId: string;
  /** A stable code, for whoever is asked for help. */
  readonly code: string;
  /** Where one can begin anew. */
  readonly home?: string;
}

/** Whatever went wrong. The page is answered with the status of the problem; it says nothing that the problem document would not. */
export function errorView({ title, sentence, requestId, code, home }: ErrorModel): string {
  const facts: Content = html`<dl class="reference">
    <dt>Code</dt>
    <dd><code>${code}</code></dd>
    <dt>Reference</dt>
    <dd><code>${requestId}</code></dd>
  </dl>`;
  const link = home && html`<p class="way-out"><a class="button plain" href="${safeUrl(home)}">Start again</a></p>`;
  return outcome('bad', title, sentence, [link, facts]);
}
