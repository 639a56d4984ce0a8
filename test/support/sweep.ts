import { isDeepStrictEqual } from 'node:util';
import { type ErrorCode, errorCodes } from '../../src/errors/error-codes.js';
import type { TestApp } from './app.js';
import { asAdmin, type TestCaller } from './callers.js';
import { hold } from './locks.js';
import { requests } from './matrix.js';
import { declaredRoutes, startAppWithRoutes } from './routes.js';
import { exampleRequest, type SweptRoute, sweptRoutes } from './swept-routes.js';
import { Wire, type WireAnswer } from './wire.js';

const LANES = 6;
const LARGEST_REFUSAL = 16_384;

/** What is different from a request that works. */
export interface Hostile {
  readonly label: string;
  /** Whether the document allows it: only then may it succeed. */
  readonly legal: boolean;
  readonly id?: string;
  readonly query?: string;
  readonly header?: string;
  /** The body as text, made of the one that works. */
  readonly body?: (json: unknown) => string;
  /** What a refusal by the rules of the input names, and nothing else. */
  readonly pointer?: string;
  /** What has to come back when it was taken. */
  readonly stored?: { readonly member: string; readonly value: unknown };
}

interface Target {
  readonly id: string;
  readonly json: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly token: string;
}

interface Lane {
  readonly wire: Wire;
  readonly caller: TestCaller;
  readonly targets: Map<string, Target>;
}

/** Every route with somebody who may call it. */
export interface Sweep {
  readonly app: TestApp;
  readonly routes: readonly SweptRoute[];
  /** Makes what the route works on, so that later writes are those of requests. */
  prepare(route: SweptRoute): Promise<void>;
  /** Sends them all, a few at a time; tells what was wrong with the answers, and how many requests succeeded. */
  send(route: SweptRoute, all: readonly Hostile[]): Promise<{ faults: string[]; taken: number }>;
  stop(): Promise<void>;
}

/** The application with a few administrators, who may call everything, each on a connection of their own. */
export async function startSweep(): Promise<Sweep> {
  const { registered, ...app } = await startAppWithRoutes();
  const document = (await app.call('GET', '/openapi.json')).body;
  const routes = sweptRoutes(declaredRoutes(app, registered), document);
  const known = new Set(routes.map(({ key }) => key));
  const callers = await Promise.all(Array.from({ length: LANES }, () => asAdmin(app)));
  const lanes = callers.map((caller) => ({ wire: new Wire(new URL(app.url)), caller, targets: new Map() }));
  // What a timer writes would be taken for the effect of a refused request.
  const release = await hold(app.db, `SELECT pg_advisory_xact_lock(hashtextextended('housekeeping', 0))`);
  return {
    app,
    routes,
    prepare: async (route) => {
      await Promise.all(lanes.map((lane) => prepare(app, lane, route)));
    },
    async send(route, all) {
      const queue = all.values();
      const faults: string[] = [];
      let taken = 0;
      const work = async (lane: Lane): Promise<void> => {
        for (const hostile of queue) {
          const answer = await sendOne(lane, route, hostile);
          const fault = faultOf(hostile, answer);
          if (fault !== null) faults.push(`${hostile.label}: ${fault}`);
          if (answer.status >= 300) continue;
          taken += 1;
          faults.push(...(await takeBack(lane, route, known, hostile, answer)));
          if (route.method !== 'GET' && route.method !== 'PATCH') await prepare(app, lane, route);
        }
      };
      await Promise.all(lanes.map(work));
      return { faults, taken };
    },
    async stop() {
      for (const { wire } of lanes) wire.close();
      await release();
      await app.stop();
    },
  };
}

async function prepare(app: TestApp, { caller, targets }: Lane, route: SweptRoute): Promise<void> {
  const kind = { credential: { token: caller.token }, owner: caller };
  const made = (await requests[route.key]?.(app, kind)) ?? exampleRequest(route);
  const { id = '', json, headers = {}, token = caller.token } = made as Partial<Target>;
  targets.set(route.key, { id, json, headers, token });
}

function sendOne({ wire, targets }: Lane, route: SweptRoute, hostile: Hostile): Promise<WireAnswer> {
  const target = targets.get(route.key);
  if (!target) throw new Error(`${route.key} is not prepared`);
  const { method, path } = route;
  const { id = target.id, query, header, body } = hostile;
  const changed = header?.slice(0, header.indexOf(':'));
  const headers = Object.entries(target.headers).filter(([name]) => name !== changed);
  const text = body ? body(target.json) : target.json === undefined ? undefined : JSON.stringify(target.json);
  const lines = [
    `${method} ${path.replace(/:\w+/, id)}${query === undefined ? '' : `?${query}`} HTTP/1.1`,
    ...(text === undefined ? [] : ['content-type: application/json']),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(header === undefined ? [] : [header]),
    `authorization: Bearer ${target.token}`,
  ];
  return wire.send(lines, text === undefined ? undefined : Buffer.from(text));
}

/** What is wrong with an answer, or null. */
function faultOf({ legal, pointer }: Hostile, { status, head, text }: WireAnswer): string | null {
  // oxlint-disable-next-line no-control-regex
  if (/[^\t\r\n\u0020-\u007e]/.test(head) || /^(x-injected|set-cookie):/im.test(head)) return `the head ${head}`;
  if (status < 300 || status === 304) return legal ? null : `${status} for what the document does not allow`;
  if (status < 400 || status > 431) return `${status} ${text.slice(0, 200)}`;
  if (!/^content-type: application\/problem\+json/im.test(head)) return `${status} is no problem document`;
  if (Buffer.byteLength(text) > LARGEST_REFUSAL) return `an answer of ${Buffer.byteLength(text)} bytes`;
  const { code, errors = [] } = JSON.parse(text) as { code: ErrorCode; errors?: { pointer: string }[] };
  if (errorCodes[code]?.[0] !== status) return `${status} with the code ${code}`;
  const named = errors.map((error) => error.pointer).join();
  return pointer === undefined || code !== 'validation_failed' || named === pointer ? null : `it names ${named}`;
}

/** Reads what was taken, in the answer and on its own, and deletes what came into being, where there are routes for it. */
async function takeBack(
  lane: Lane,
  route: SweptRoute,
  known: ReadonlySet<string>,
  { label, stored }: Hostile,
  { text }: WireAnswer,
): Promise<string[]> {
  const faults: string[] = [];
  const answer = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
  const compare = (place: string, found: Record<string, unknown>) => {
    if (!stored || !(stored.member in found) || isSame(found[stored.member], stored.value)) return;
    faults.push(`${label}: ${place} ${JSON.stringify(found[stored.member]).slice(0, 200)}`);
  };
  compare('the answer has', answer);
  const made = route.method === 'POST' && typeof answer['id'] === 'string' && !route.path.includes(':');
  const item = made ? `${route.path}/:id` : route.path;
  const path = item.replace(/:\w+/, made ? String(answer['id']) : (lane.targets.get(route.key)?.id ?? ''));
  const lines = ['HTTP/1.1', `authorization: Bearer ${lane.caller.token}`, 'if-match: *'];
  const call = (method: string) => lane.wire.send([`${method} ${path} ${lines[0]}`, ...lines.slice(1)], undefined);
  if (stored && route.method !== 'GET' && known.has(`GET ${item}`)) {
    const read = await call('GET');
    if (read.status === 200) compare('it is stored as', JSON.parse(read.text) as Record<string, unknown>);
    else faults.push(`${label}: reading it answers ${read.status}`);
  }
  if (made && known.has(`DELETE ${item}`)) await call('DELETE');
  return faults;
}

/** Equal by value, or the same moment in other words. */
function isSame(found: unknown, sent: unknown): boolean {
  if (found === sent || isDeepStrictEqual(found, sent)) return true;
  return (
    typeof sent === 'string' &&
    typeof found === 'string' &&
    /^\d{4}-.*T/.test(sent) &&
    Date.parse(sent) === Date.parse(found)
  );
}
