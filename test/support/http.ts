/** A JSON answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The shape of a body is what each test asserts.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface RequestOptions {
  readonly token?: string;
  readonly key?: string;
  readonly json?: unknown;
  readonly raw?: string | Buffer;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

/** `call('GET', '/api/v1/data', { token })`: never throws for a status, never follows a redirect. */
export type Call = (method: string, path: string, options?: RequestOptions) => Promise<Answer>;

export function callerOf(base: string): Call {
  return async (method, path, { token, key, json, raw, type = 'application/json', headers = {} } = {}) => {
    const sent: Record<string, string> = { ...headers };
    if (token !== undefined) sent.authorization = `Bearer ${token}`;
    if (key !== undefined) sent['x-api-key'] = key;
    const body = raw ?? (json === undefined ? undefined : JSON.stringify(json));
    if (body !== undefined) sent['content-type'] ??= type;
    const init: RequestInit = { method, headers: sent, body, redirect: 'manual' };
    const response = await fetch(base + path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: jsonOf(text) };
  };
}

/** The JSON of a text, or undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
