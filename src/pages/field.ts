import { type Content, type Html, html } from '../security/html.js';

/** One labelled field. */
export interface Field {
  readonly name: string;
  readonly label: Content;
  readonly type?: 'text' | 'email' | 'password';
  readonly autocomplete: string;
  readonly value?: string;
  /** It is what the error above is about. */
  readonly isWrong?: boolean;
  readonly hasFocus?: boolean;
  readonly hint?: Content;
  /** More attributes. */
  readonly more?: Html;
  readonly look?: 'code' | 'words';
}

/** Names are words of ours, and each stands once in a page: they are ids too. */
export function field(options: Field): Html {
  const { name, label, type = 'text', autocomplete, value, hasFocus, more } = options;
  const hint = options.hint && html`<p class="hint" id="${name}-hint">${options.hint}</p>`;
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <div class="box">
      <input
        class="${options.look ?? 'words'}"
        id="${name}"
        name="${name}"
        type="${type}"
        autocomplete="${autocomplete}"
        required
        autocapitalize="none"
        autocorrect="off"
        spellcheck="false"
        ${value !== undefined && html`value="${value}"`}
        ${described(options)}
        ${hasFocus && html`autofocus`}
        ${more}
      />${type === 'password' && reveal(name)}
    </div>
    ${hint}
  </div>`;
}

function described({ name, hint, isWrong }: Field): Content {
  const ids = [isWrong && 'error', hint && `${name}-hint`].filter(Boolean).join(' ');
  return [isWrong && html`aria-invalid="true"`, ids !== '' && html` aria-describedby="${ids}"`];
}

/** The script shows it: without one it could do nothing. */
const reveal = (name: string): Html =>
  html`<button class="reveal" type="button" data-reveal="${name}" aria-label="Show password" hidden>Show</button>`;
