import { Agent, request } from 'node:http';

/** A page, or what came in its place. */
export interface Visited {
  readonly status: number;
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly html: string;
  /** Where a redirect leads that was not followed, because it leaves our pages. */
  readonly location: string | undefined;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** A browser without scripts: it keeps cookies as browsers do, follows redirects within one origin, and sends forms. */
export class Browse {
  /** By name and path (RFC 6265 section 5.3): each waiting request has one of the same name. */
  private readonly jar = new Map<string, Cookie>();
  private readonly agent = new Agent();
  private last: Visited | undefined;

  constructor(private readonly origin: string) {}

  /** What is shown. */
  get page(): Visited {
    if (!this.last) throw new Error('there is no page');
    return this.last;
  }

  cookies(): ReadonlyMap<string, Cookie> {
    return new Map([...this.jar.values()].map((cookie) => [cookie.name, cookie]));
  }

  /** The header of a request to this path. */
  cookieFor(pathname: string): string {
    const sent = [...this.jar.values()].filter(({ path }) => isWithin(pathname, path));
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  /** As if it had come from somewhere else. */
  plant(name: string, value: string): void {
    this.jar.set(`${name} /`, { name, value, path: '/' });
  }

  async get(url: string): Promise<Visited> {
    return this.follow('GET', new URL(url, this.origin).href);
  }

  /** Sends a form of the page: its hidden fields, what is ticked, and these. */
  async submit(fields: Record<string, string | string[]> = {}, which = 0): Promise<Visited> {
    const form = formsOf(this.page.html)[which];
    if (!form) throw new Error(`there is no form ${which} on ${this.page.url}: ${this.page.html.slice(0, 400)}`);
    const body = new URLSearchParams(form.fields);
    for (const [name, value] of Object.entries(fields)) {
      body.delete(name);
      for (const each of [value].flat()) body.append(name, each);
    }
    return this.follow('POST', new URL(form.action, this.page.url).href, body.toString());
  }

  async post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Visited> {
    return this.follow('POST', new URL(path, this.origin).href, new URLSearchParams(fields).toString(), headers);
  }

  private async follow(
    method: string,
    url: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Visited> {
    let answer = await this.send(method, url, body, headers);
    for (let hops = 0; answer.location?.startsWith(this.origin) && hops < 10; hops += 1) {
      answer = await this.send('GET', answer.location);
    }
    this.last = answer;
    return answer;
  }

  private send(method: string, url: string, body?: string, more: Record<string, string> = {}): Promise<Visited> {
    const { pathname } = new URL(url);
    const cookie = this.cookieFor(pathname);
    const headers = {
      accept: 'text/html',
      ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded', origin: this.origin }),
      ...(cookie !== '' && { cookie }),
      ...more,
    };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          for (const each of response.headers['set-cookie'] ?? []) this.keep(each, pathname);
          const { location } = response.headers;
          resolve({
            status: response.statusCode ?? 0,
            url,
            headers: response.headers,
            html: Buffer.concat(chunks).toString('utf8'),
            location: location === undefined ? undefined : new URL(location, url).href,
          });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  private keep(text: string, pathname: string): void {
    const [pair = '', ...attributes] = text.split(';').map((part) => part.trim());
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const of = (key: string) =>
      attributes.find((each) => each.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
    const isOver =
      of('max-age') === '0' || (of('expires') !== undefined && Date.parse(of('expires') ?? '') < Date.now());
    const path = of('path') ?? pathname;
    if (isOver) this.jar.delete(`${name} ${path}`);
    else this.jar.set(`${name} ${path}`, { name, value, path });
  }
}

const isWithin = (pathname: string, path: string): boolean =>
  path === '/' || pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);

interface Form {
  readonly action: string;
  readonly fields: [string, string][];
}

/** The forms of a page, with the fields that would be sent if nobody changed anything. */
export function formsOf(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, attributes = '', content = '']) => ({
    action: attributeOf(attributes, 'action') ?? '',
    fields: [...content.matchAll(/<input\b([^>]*)>/g)].flatMap(([, input = '']): [string, string][] => {
      const [name, type] = [attributeOf(input, 'name'), attributeOf(input, 'type') ?? 'text'];
      if (name === undefined || (type === 'checkbox' && !/\bchecked\b/.test(input))) return [];
      return [[name, attributeOf(input, 'value') ?? '']];
    }),
  }));
}

/** The value of the first attribute of this name. */
export function attributeOf(text: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1];
  return value
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
