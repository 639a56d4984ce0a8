import { performance } from 'node:perf_hooks';
import type { Reached } from './app.js';
import type { Answer, RequestOptions } from './http.js';
import { type Kind, requests } from './matrix.js';

/** What is answered from memory or from files. */
const WITHOUT_DATABASE: ReadonlySet<string> = new Set([
  'GET /.well-known/security.txt',
  'GET /.well-known/oauth-protected-resource/api',
  'GET /openapi.json',
  'GET /docs',
  'GET /dev/mailbox',
  'GET /docs/:asset',
  'GET /assets/:asset',
  // For a second, which is how old its keys may be; then not.
  'GET /.well-known/jwks.json',
  'GET /health/live',
  'GET /api/v1/auth/providers',
]);

/** The contract: nobody waits longer for an answer, whatever happened to the database. */
export const ANSWER_MS = 2_000;

/** A request of one route, made ready while everything works, to be sent at any moment. */
export interface Ready {
  readonly route: string;
  send(): Promise<Answered>;
}

export interface Answered {
  readonly route: string;
  readonly answer: Answer;
  readonly ms: number;
}

/** One request of every route that needs the database, with a credential that gets through. */
export async function everyRoute(app: Reached, kind: Kind): Promise<Ready[]> {
  const routes = Object.entries(requests).filter(([route]) => !WITHOUT_DATABASE.has(route));
  const ready: Ready[] = [];
  for (const [route, prepare] of routes) {
    const { id = '', ...options } = await prepare(app, kind);
    const [method = '', path = ''] = route.split(' ');
    ready.push(aRequest(app, route, method, path.replace(/:\w+/, id), { ...kind.credential, ...options }));
  }
  return ready;
}

/** A request with the time of its answer. */
export function aRequest(
  { call }: Pick<Reached, 'call'>,
  route: string,
  method: string,
  path: string,
  options: RequestOptions,
): Ready {
  return {
    route,
    async send() {
      const since = performance.now();
      const answer = await call(method, path, options);
      return { route, answer, ms: performance.now() - since };
    },
  };
}

/** Sends all of them at once. */
export const sendAll = (ready: readonly Ready[]): Promise<Answered[]> => Promise.all(ready.map((each) => each.send()));

/** The answers that are not what an outage is answered with, in time, as lines; none when all is well. */
export function notRefused(answered: readonly Answered[]): string[] {
  return answered.flatMap(({ route, answer: { status, headers, body }, ms }) => {
    const said = [status, body?.code, headers.get('content-type'), /^\d+$/.test(headers.get('retry-after') ?? '')];
    const right = said.join() === '503,unavailable,application/problem+json; charset=utf-8,true' && ms < ANSWER_MS;
    return right ? [] : [`${route}: ${said.join(' ')} after ${Math.round(ms)} ms`];
  });
}

/** The answers of a server that could not answer, as lines; none when all is well. */
export const notServed = (answered: readonly Answered[]): string[] =>
  answered.filter(({ answer }) => answer.status >= 500).map(({ route, answer }) => `${route}: ${answer.status}`);
