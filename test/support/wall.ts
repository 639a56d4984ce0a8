import { startApp, type TestApp } from './app.js';
import type { Answer, Call } from './http.js';

/** The limits of a wall: small enough to be met by a test, large enough that no request meets one by chance. */
export const WALL = { address: 30, anonymous: 10, principal: 20, sensitive: 5 } as const;

export interface Wall extends TestApp {
  /** Calls from one address, as the proxy in front says. */
  from(address: string): Call;
  /** An address that nobody has called from. */
  address(): string;
}

/** The application with small limits of an hour, behind a proxy that is this process. `call` has a new address each time. */
export async function startWall(settings: NodeJS.ProcessEnv = {}): Promise<Wall> {
  const app = await startApp({
    TRUSTED_PROXIES: '127.0.0.1',
    RATE_LIMIT_ADDRESS: `${WALL.address}/hour`,
    RATE_LIMIT_ANONYMOUS: `${WALL.anonymous}/hour`,
    RATE_LIMIT_PRINCIPAL: `${WALL.principal}/hour`,
    RATE_LIMIT_SENSITIVE: `${WALL.sensitive}/hour`,
    ...settings,
  });
  let used = 0;
  const address = () => {
    used += 1;
    return `198.${18 + (used >> 16)}.${(used >> 8) & 255}.${used & 255}`;
  };
  const from =
    (client: string): Call =>
    (method, path, { headers, ...options } = {}) =>
      app.call(method, path, { ...options, headers: { 'x-forwarded-for': client, ...headers } });
  return { ...app, call: (...request) => from(address())(...request), from, address };
}

/** Sends as many as a window takes, all at once, and says that all were let through it. */
export async function exhaust(times: number, send: () => Promise<{ status: number }>): Promise<void> {
  const answers = await Promise.all(Array.from({ length: times }, send));
  if (answers.some(({ status }) => status === 429)) throw new Error('the window was shorter than it should be');
}

/** `200`, or `403 role_required`. */
export const outcome = ({ status, body }: Answer): string => (status < 400 ? `${status}` : `${status} ${body.code}`);
/** The limits that let nothing more through, from the RateLimit field. */
export const exhausted = ({ headers }: Answer): string[] =>
  [...(headers.get('ratelimit') ?? '').matchAll(/"([\w-]+)";r=0;/g)].map(([, name = '']) => name);
