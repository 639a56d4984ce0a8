const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Markup that was written here, or escaped. A class with a private member: nothing that was parsed from JSON can pass for it. */
export class Html {
  readonly #markup: string;

  private constructor(markup: string) {
    this.#markup = markup;
  }

  /** Templates alone make markup, and of literals alone. */
  static of(literals: TemplateStringsArray, contents: readonly Content[]): Html {
    refuseOpenPlaces(literals);
    return new Html(
      literals.map((literal, i) => literal + (i < contents.length ? markupOf(contents[i]) : '')).join(''),
    );
  }

  toString(): string {
    return this.#markup;
  }
}

/** What may stand in a template. Lists are joined; null, undefined and false are nothing. */
export type Content = Html | string | number | false | null | undefined | readonly Content[];

/**
 * Markup with everything escaped that comes from elsewhere (ASVS 1.2.1): for places between tags and between the quotes of an
 * attribute. Attributes are always quoted. Throws where something stands in a script, a style, or behind a bare `=`.
 */
export const html = (literals: TemplateStringsArray, ...contents: Content[]): Html => Html.of(literals, contents);

const markupOf = (content: Content): string => {
  if (content === null || content === undefined || content === false) return '';
  if (content instanceof Html) return content.toString();
  if (Array.isArray(content)) return content.map(markupOf).join('');
  return String(content).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
};

const checked = new WeakSet<TemplateStringsArray>();
const BARE = /=\s*$/;
const IN_CODE = /<(script|style)\b[^>]*>(?![\s\S]*<\/\1)|\s(style|on\w+)\s*=\s*["'][^"']*$/i;

/** Escaping cannot save these places. A template is looked at once. */
function refuseOpenPlaces(literals: TemplateStringsArray): void {
  if (checked.has(literals)) return;
  literals.slice(0, -1).reduce((before, literal) => {
    const text = before + literal;
    if (BARE.test(text)) throw new Error('an attribute without quotes');
    if (IN_CODE.test(text)) throw new Error('text in a script or a style');
    return text;
  }, '');
  checked.add(literals);
}

const SELF = 'https://self.invalid';

/** A link to a page of the web or a path of this service; `#` for `javascript:` and everything else. */
export function safeUrl(text: string): string {
  // Browsers drop tabs and line breaks in an address, and read a backslash as a slash: `/\tevil` would be another host.
  if (/^\/(?![/\\])/.test(text)) return URL.parse(text, SELF)?.origin === SELF ? text : '#';
  const url = URL.parse(text);
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : '#';
}
