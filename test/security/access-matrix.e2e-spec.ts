import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { footprintOf, unspent } from '../support/footprint.js';
import type { Answer } from '../support/http.js';
import { type KindName, makeKinds, requests } from '../support/matrix.js';
import { declaredRoutes, startAppWithRoutes } from '../support/routes.js';

/** What each word of the table stands for; a number is a success. */
const WORDS: Readonly<Record<string, string>> = {
  anon: '401 authentication_required',
  token: '401 token_invalid',
  key: '401 key_invalid',
  role: '403 role_required',
  first: '403 first_party_required',
  scope: '403 insufficient_scope',
  login: '401 credentials_invalid',
  passkey: '401 passkey_invalid',
  hidden: '404 not_found',
};

/**
 * Who gets what, written by hand and derived from nothing. `full` is a key with everything its owner, an administrator,
 * holds; `narrow` a key of the same owner with a scope that no route asks for; `dead` a key of a disabled owner. The last two
 * columns name a row of somebody else, as a user and as an administrator; `-` where a route names no owned row.
 */
const MATRIX = `
  route                                      nobody broken reader user  audit. admin full  narrow dead  strang. admin-strang.
  GET    /.well-known/jwks.json              200    200    200    200   200    200   200   200    200   -       -
  GET    /.well-known/security.txt           200    200    200    200   200    200   200   200    200   -       -
  GET    /.well-known/oauth-protected-resource/api 200 200 200 200   200    200   200   200    200   -       -
  GET    /openapi.json                       200    200    200    200   200    200   200   200    200   -       -
  GET    /docs                               200    200    200    200   200    200   200   200    200   -       -
  GET    /docs/:asset                        200    200    200    200   200    200   200   200    200   -       -
  GET    /assets/:asset                      200    200    200    200   200    200   200   200    200   -       -
  GET    /dev/mailbox                        hidden hidden hidden hidden hidden hidden hidden hidden hidden -     -
  GET    /health/live                        200    200    200    200   200    200   200   200    200   -       -
  GET    /health/ready                       200    200    200    200   200    200   200   200    200   -       -
  POST   /api/v1/auth/register               202    202    202    202   202    202   202   202    202   -       -
  POST   /api/v1/auth/login                  200    200    200    200   200    200   200   200    login -       -
  POST   /api/v1/auth/refresh                200    200    200    200   200    200   200   200    200   -       -
  POST   /api/v1/auth/invitations/accept     204    204    204    204   204    204   204   204    204   -       -
  POST   /api/v1/auth/email/verify           204    204    204    204   204    204   204   204    204   -       -
  POST   /api/v1/auth/email/resend           202    202    202    202   202    202   202   202    202   -       -
  POST   /api/v1/auth/password/forgot        202    202    202    202   202    202   202   202    202   -       -
  POST   /api/v1/auth/password/reset         204    204    204    204   204    204   204   204    204   -       -
  POST   /api/v1/auth/passkey/options        200    200    200    200   200    200   200   200    200   -       -
  POST   /api/v1/auth/passkey                200    200    200    200   200    200   200   200    passkey -     -
  GET    /api/v1/auth/providers              200    200    200    200   200    200   200   200    200   -       -
  POST   /api/v1/auth/logout                 anon   token  204    204   204    204   first first  key   -       -
  POST   /api/v1/auth/login/mfa              200    200    200    200   200    200   200   200    200   -       -
  POST   /api/v1/auth/login/password         204    204    204    204   204    204   204   204    204   -       -
  POST   /api/v1/auth/step-up/options        anon   token  200    200   200    200   first first  key   -       -
  POST   /api/v1/auth/step-up                anon   token  200    200   200    200   first first  key   -       -
  GET    /api/v1/auth/sessions               anon   token  200    200   200    200   first first  key   -       -
  DELETE /api/v1/auth/sessions               anon   token  204    204   204    204   first first  key   -       -
  DELETE /api/v1/auth/sessions/:id           anon   token  204    204   204    204   first first  key   hidden  hidden
  GET    /api/v1/users/me                    anon   token  200    200   200    200   200   scope  key   -       -
  PATCH  /api/v1/users/me                    anon   token  scope  200   200    200   200   scope  key   -       -
  POST   /api/v1/users/me/email              anon   token  scope  202   202    202   first first  key   -       -
  POST   /api/v1/users/me/password           anon   token  scope  204   204    204   first first  key   -       -
  POST   /api/v1/users/me/passkeys/options   anon   token  scope  200   200    200   first first  key   -       -
  POST   /api/v1/users/me/passkeys           anon   token  scope  201   201    201   first first  key   -       -
  GET    /api/v1/users/me/passkeys           anon   token  200    200   200    200   first first  key   -       -
  PATCH  /api/v1/users/me/passkeys/:id       anon   token  scope  200   200    200   first first  key   hidden  hidden
  DELETE /api/v1/users/me/passkeys/:id       anon   token  scope  204   204    204   first first  key   hidden  hidden
  GET    /api/v1/users/me/grants             anon   token  200    200   200    200   first first  key   -       -
  DELETE /api/v1/users/me/grants/:id         anon   token  204    204   204    204   first first  key   hidden  hidden
  GET    /api/v1/users/me/security-events    anon   token  200    200   200    200   first first  key   -       -
  GET    /api/v1/users/me/export             anon   token  200    200   200    200   first first  key   -       -
  POST   /api/v1/users/me/deletion           anon   token  scope  202   202    202   first first  key   -       -
  DELETE /api/v1/users/me/deletion           anon   token  scope  204   204    204   first first  key   -       -
  GET    /api/v1/users/me/mfa                anon   token  200    200   200    200   first first  key   -       -
  POST   /api/v1/users/me/mfa/totp           anon   token  scope  201   201    201   first first  key   -       -
  POST   /api/v1/users/me/mfa/totp/confirm   anon   token  scope  200   200    200   first first  key   -       -
  DELETE /api/v1/users/me/mfa/totp           anon   token  scope  204   204    204   first first  key   -       -
  POST   /api/v1/users/me/mfa/recovery-codes anon   token  scope  201   201    201   first first  key   -       -
  GET    /api/v1/users                       anon   token  scope  scope 200    200   200   scope  key   -       -
  POST   /api/v1/users                       anon   token  role   role  role   201   201   scope  key   -       -
  GET    /api/v1/users/:id                   anon   token  scope  scope 200    200   200   scope  key   -       -
  PATCH  /api/v1/users/:id                   anon   token  role   role  role   200   200   scope  key   -       -
  DELETE /api/v1/users/:id                   anon   token  role   role  role   204   204   scope  key   -       -
  DELETE /api/v1/users/:id/sessions          anon   token  role   role  role   204   204   scope  key   -       -
  DELETE /api/v1/users/:id/mfa               anon   token  role   role  role   204   first first  key   -       -
  GET    /api/v1/api-keys                    anon   token  scope  200   scope  200   200   scope  key   -       -
  POST   /api/v1/api-keys                    anon   token  scope  201   scope  201   first first  key   -       -
  GET    /api/v1/api-keys/:id                anon   token  scope  200   scope  200   200   scope  key   hidden  hidden
  PATCH  /api/v1/api-keys/:id                anon   token  scope  200   scope  200   first first  key   hidden  hidden
  DELETE /api/v1/api-keys/:id                anon   token  scope  204   scope  204   first first  key   hidden  hidden
  POST   /api/v1/api-keys/:id/rotate         anon   token  scope  201   scope  201   first first  key   hidden  hidden
  GET    /api/v1/oauth-clients               anon   token  scope  200   scope  200   200   scope  key   -       -
  POST   /api/v1/oauth-clients               anon   token  scope  201   scope  201   first first  key   -       -
  GET    /api/v1/oauth-clients/:id           anon   token  scope  200   scope  200   200   scope  key   hidden  200
  PATCH  /api/v1/oauth-clients/:id           anon   token  scope  200   scope  200   first first  key   hidden  200
  DELETE /api/v1/oauth-clients/:id           anon   token  scope  204   scope  204   first first  key   hidden  204
  POST   /api/v1/oauth-clients/:id/secret    anon   token  scope  201   scope  201   first first  key   hidden  201
  GET    /api/v1/data                        anon   token  200    200   scope  200   200   scope  key   -       -
  POST   /api/v1/data                        anon   token  scope  201   scope  201   201   scope  key   -       -
  GET    /api/v1/data/:id                    anon   token  200    200   scope  200   200   scope  key   hidden  hidden
  PATCH  /api/v1/data/:id                    anon   token  scope  200   scope  200   200   scope  key   hidden  hidden
  DELETE /api/v1/data/:id                    anon   token  scope  204   scope  204   204   scope  key   hidden  hidden
  POST   /api/v1/data/:id/restore            anon   token  scope  200   scope  200   200   scope  key   hidden  hidden
`;

const KINDS = [
  'nobody',
  'broken',
  'reader',
  'user',
  'auditor',
  'admin',
  'full',
  'narrow',
  'dead',
  'stranger',
  'admin-stranger',
] as const satisfies KindName[];

const rows = MATRIX.trim()
  .split('\n')
  .slice(1)
  .map((line) => line.trim().split(/\s+/))
  .map(([method = '', path = '', ...cells]) => ({
    route: `${method} ${path}`,
    method,
    path,
    cells: cells.length,
    cases: KINDS.map((kind, i) => ({ kind, expected: WORDS[cells[i] ?? ''] ?? cells[i] ?? '' })).filter(
      ({ expected }) => expected !== '-',
    ),
  }));

let app: Awaited<ReturnType<typeof startAppWithRoutes>>;
let kinds: Awaited<ReturnType<typeof makeKinds>>;
let calls = 0;

beforeAll(async () => {
  // Each call comes from an address of its own, so that no limit by address has a say.
  app = await startAppWithRoutes({ TRUSTED_PROXIES: '127.0.0.1' });
  kinds = await makeKinds(app);
});

afterAll(() => app.stop());

describe('the matrix', () => {
  it('has a row for every route, and for every row a request', () => {
    const declared = declaredRoutes(app, app.registered).map(({ method, path }) => `${method} ${path}`);
    expect(rows.map(({ route }) => route).toSorted()).toEqual(declared.toSorted());
    expect(Object.keys(requests).toSorted()).toEqual(declared.toSorted());
  });

  it('has a cell for every kind of caller, in every row', () => {
    expect(rows.filter(({ cells }) => cells !== KINDS.length)).toEqual([]);
  });
});

describe.each(rows)('$route', ({ route, method, path, cases }) => {
  it('answers each kind of caller as the table says, and writes nothing when it refuses', async () => {
    const answered: Record<string, string> = {};
    for (const { kind } of cases) answered[kind] = await attempt(route, method, path, kind);
    expect(answered).toEqual(Object.fromEntries(cases.map(({ kind, expected }) => [kind, expected])));
  });
});

describe.each(rows.filter(({ method }) => method === 'GET'))('HEAD $path', ({ route, path, cases }) => {
  it('answers like GET, without a body', async () => {
    const answered: Record<string, string> = {};
    for (const { kind } of cases) answered[kind] = await attempt(route, 'HEAD', path, kind);
    expect(answered).toEqual(Object.fromEntries(cases.map(({ kind, expected }) => [kind, expected.slice(0, 3)])));
  });
});

/** Calls, and answers `200`, or `403 role_required`, or what was written although the request only reads or was refused. */
async function attempt(route: string, method: string, path: string, name: KindName): Promise<string> {
  const kind = kinds[name];
  const prepare = requests[route];
  if (!prepare) throw new Error(`nobody says how ${route} is called`);
  const { id = '', headers, ...options } = await prepare(app, kind);
  const before = await footprintOf(app.db);
  calls += 1;
  const address = `198.51.${calls >> 8}.${calls & 255}`;
  const answer = await app.call(method, path.replace(/:\w+/, id), {
    ...kind.credential,
    ...options,
    headers: { ...headers, 'x-forwarded-for': address },
  });
  const after = await footprintOf(app.db);
  const written = Object.keys(unspent(route, after)).filter((table) => before[table] !== after[table]);
  const mayWrite = answer.status < 400 && method !== 'GET' && method !== 'HEAD';
  return written.length > 0 && !mayWrite ? `${outcomeOf(answer)} and wrote ${written.join()}` : outcomeOf(answer);
}

function outcomeOf({ status, text, body }: Answer): string {
  return status < 400 || text === '' ? `${status}` : `${status} ${body.code}`;
}
