import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifications } from '../src/data/data-record.entity.js';
import { identityScopes, roles, scopes } from '../src/security/scopes.js';
import { userStatuses } from '../src/users/user.entity.js';
import { asAdmin, asUser, claimsOf, login, type TestCaller, withKey } from './support/callers.js';
import { footprintOf, unspent } from './support/footprint.js';
import type { Answer, RequestOptions } from './support/http.js';
import { requests } from './support/matrix.js';
import { type DeclaredRoute, declaredRoutes, startAppWithRoutes } from './support/routes.js';
import { dumpTables } from './support/tables.js';

let app: Awaited<ReturnType<typeof startAppWithRoutes>>;
let declared: DeclaredRoute[];

beforeAll(async () => {
  app = await startAppWithRoutes();
  declared = declaredRoutes(app, app.registered);
  // Whoever else goes, an administrator stays.
  await asAdmin(app);
});
afterAll(() => app.stop());

/** What a request has come to. */
interface Made {
  readonly me: TestCaller;
  /** The row its path names. */
  readonly id: string;
  readonly body: Answer['body'];
}
type Target = (made: Made) => string | null | Promise<string>;
/** What it writes, and about which row; null where it changes nothing that anybody would ask about later. */
type Audited = readonly [action: string, target: Target] | null;

const named: Target = ({ id }) => id;
const made: Target = ({ body }) => body.id as string;
const self: Target = ({ me }) => me.id;
const newestUser: Target = async () => {
  const [row] = await app.db.query<{ id: string }>('SELECT id FROM users ORDER BY created_at DESC, id DESC LIMIT 1');
  return row?.id ?? '';
};

/** Each route that changes something: by hand, so that what is audited is what somebody meant. */
const ROUTES: Readonly<Record<string, Audited>> = {
  'POST /api/v1/auth/register': ['user.registered', newestUser],
  'POST /api/v1/auth/login': ['session.started', ({ body }) => String(claimsOf(body.access_token)['sid'])],
  'POST /api/v1/auth/login/mfa': ['session.started', ({ body }) => String(claimsOf(body.access_token)['sid'])],
  'POST /api/v1/auth/login/password': ['user.password_changed', newestUser],
  'POST /api/v1/auth/step-up/options': null,
  'POST /api/v1/auth/step-up': ['session.stepped_up', ({ me }) => me.sessionId],
  'POST /api/v1/auth/refresh': null,
  'POST /api/v1/auth/invitations/accept': ['user.accepted', newestUser],
  'POST /api/v1/auth/email/verify': ['user.email_verified', newestUser],
  'POST /api/v1/auth/email/resend': null,
  'POST /api/v1/auth/password/forgot': null,
  'POST /api/v1/auth/password/reset': ['user.password_reset', newestUser],
  'POST /api/v1/auth/passkey/options': null,
  'POST /api/v1/auth/passkey': ['session.started', ({ body }) => String(claimsOf(body.access_token)['sid'])],
  'POST /api/v1/auth/logout': ['session.ended', ({ me }) => me.sessionId],
  'DELETE /api/v1/auth/sessions': ['session.ended', ({ id }) => id],
  'DELETE /api/v1/auth/sessions/:id': ['session.ended', named],
  'DELETE /api/v1/users/me/grants/:id': ['grant.ended', named],
  'PATCH /api/v1/users/me': ['user.updated', self],
  'POST /api/v1/users/me/email': null,
  'POST /api/v1/users/me/password': ['user.password_changed', self],
  'POST /api/v1/users/me/passkeys/options': null,
  'POST /api/v1/users/me/passkeys': ['passkey.created', made],
  'PATCH /api/v1/users/me/passkeys/:id': ['passkey.updated', named],
  'DELETE /api/v1/users/me/passkeys/:id': ['passkey.deleted', named],
  'POST /api/v1/users/me/deletion': ['user.deletion_requested', self],
  'DELETE /api/v1/users/me/deletion': ['user.deletion_undone', self],
  'POST /api/v1/users/me/mfa/totp': null,
  'POST /api/v1/users/me/mfa/totp/confirm': ['totp.enabled', self],
  'DELETE /api/v1/users/me/mfa/totp': ['totp.disabled', self],
  'POST /api/v1/users/me/mfa/recovery-codes': ['recovery_codes.created', self],
  'DELETE /api/v1/users/:id/mfa': ['user.mfa_reset', named],
  'POST /api/v1/users': ['user.invited', made],
  'PATCH /api/v1/users/:id': ['user.updated', named],
  'DELETE /api/v1/users/:id': ['user.deleted', named],
  'DELETE /api/v1/users/:id/sessions': ['session.ended', () => null],
  'POST /api/v1/api-keys': ['key.created', made],
  'PATCH /api/v1/api-keys/:id': ['key.updated', named],
  'DELETE /api/v1/api-keys/:id': ['key.deleted', named],
  'POST /api/v1/api-keys/:id/rotate': ['key.rotated', named],
  'POST /api/v1/oauth-clients': ['client.created', made],
  'PATCH /api/v1/oauth-clients/:id': ['client.changed', named],
  'DELETE /api/v1/oauth-clients/:id': ['client.deleted', named],
  'POST /api/v1/oauth-clients/:id/secret': ['client.secret_rotated', named],
  'POST /api/v1/data': ['record.created', made],
  'PATCH /api/v1/data/:id': ['record.updated', named],
  'DELETE /api/v1/data/:id': ['record.deleted', named],
  'POST /api/v1/data/:id/restore': ['record.restored', named],
};
const audited = Object.entries(ROUTES).flatMap(([route, entry]) => (entry ? [[route, ...entry] as const] : []));
const policyOf = (route: string) => declared.find(({ method, path }) => `${method} ${path}` === route)?.policy;

/** Every text that was sent in a body, and every secret that came back. */
const texts = new Set<string>();
function collect(value: unknown): void {
  if (typeof value === 'string') texts.add(value);
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) collect(each);
}

const AGENT = 'Personal-Browser/7.7';

/** Somebody for whom this route has something to change, and the request. */
async function prepare(
  route: string,
): Promise<{ me: TestCaller; id: string; send: (o?: RequestOptions) => Promise<Answer> }> {
  const owner = await asAdmin(app);
  const [method = '', path = ''] = route.split(' ');
  const prepared = await requests[route]?.(app, { credential: { token: owner.token }, owner });
  const me = prepared?.as ?? owner;
  let { id = '' } = prepared ?? {};
  if (route === 'DELETE /api/v1/auth/sessions') id = (await login(app, me)).sessionId;
  if (route === 'DELETE /api/v1/users/me/deletion') {
    await me.call('POST', '/api/v1/users/me/deletion', { json: { password: me.password } });
  }
  const headers = { ...prepared?.headers, 'user-agent': AGENT };
  const credential = policyOf(route)?.isPublic ? {} : { token: me.token };
  const send = async (options: RequestOptions = credential) => {
    const answer = await app.call(method, path.replace(':id', id), { json: prepared?.json, headers, ...options });
    collect(prepared?.json);
    for (const secret of ['key', 'access_token', 'refresh_token', 'invitationUrl', 'clientSecret'])
      collect(answer.body?.[secret]);
    return answer;
  };
  return { me, id, send };
}

const rowsOf = ({ headers }: Answer) =>
  app.db.query(
    `SELECT actor_kind, actor_id, credential_id, action, target_id FROM audit_events WHERE request_id = $1`,
    [headers.get('x-request-id')],
  );
const countRows = async () => (await app.db.query('SELECT id FROM audit_events')).length;

describe('the audit of a change', () => {
  it('has been thought of for every route that changes something', () => {
    const changing = declared.filter(({ method }) => !['GET', 'HEAD', 'OPTIONS'].includes(method));
    expect(changing.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(Object.keys(ROUTES).toSorted());
  });

  it.each(audited)('by %s is one row, %s, with who and what', async (route, action, target) => {
    const { me, id, send } = await prepare(route);
    const before = await countRows();
    const answer = await send();
    expect([answer.status < 300, answer.text]).toEqual([true, answer.text]);
    const actor = policyOf(route)?.isPublic
      ? { actor_kind: 'anonymous', actor_id: null, credential_id: null }
      : { actor_kind: 'user', actor_id: me.id, credential_id: me.sessionId };
    const target_id = await target({ me, id, body: answer.body });
    expect(await rowsOf(answer)).toEqual([{ ...actor, action, target_id }]);
    expect(await countRows()).toBe(before + 1);
  });

  it('names the key where a key did it', async () => {
    const open = audited.filter(([route]) => !policyOf(route)?.firstParty && !policyOf(route)?.isPublic);
    expect(open.length).toBeGreaterThan(6);
    for (const [route, action, target] of open) {
      const { me, id, send } = await prepare(route);
      const key = await withKey(app, me, { scopes: policyOf(route)?.scopes });
      const answer = await send({ key: key.key });
      const target_id = await target({ me, id, body: answer.body });
      const actor = { actor_kind: 'api_key', actor_id: me.id, credential_id: key.id };
      expect([route, await rowsOf(answer)]).toEqual([route, [{ ...actor, action, target_id }]]);
    }
  });

  it('is not written where nothing changes', async () => {
    const { me, send } = await prepare('POST /api/v1/auth/refresh');
    const count = await countRows();
    expect((await send()).status).toBe(200);
    expect((await me.call('DELETE', '/api/v1/auth/sessions')).status).toBe(204);
    expect((await me.call('DELETE', '/api/v1/users/me/deletion')).status).toBe(204);
    const { email } = await asUser(app);
    await app.call('POST', '/api/v1/auth/register', { json: { email, password: 'a password of another' } });
    // Those of the new user alone: registration and login.
    expect(await countRows()).toBe(count + 2);
  });
});

/** For as long as the work takes, no transaction that has changed one of these tables can be committed. */
async function whileUncommittable(isBarred: (table: string) => boolean, work: () => Promise<void>): Promise<void> {
  const tables = [...(await dumpTables(app.db)).keys()].filter(isBarred);
  await app.db.query(
    `CREATE FUNCTION bar() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'barred'; END $$;` +
      tables
        .map(
          (table) => `CREATE CONSTRAINT TRIGGER bar AFTER INSERT OR UPDATE OR DELETE ON ${table}
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bar();`,
        )
        .join('\n'),
  );
  try {
    await work();
  } finally {
    await app.db.query('DROP FUNCTION bar CASCADE');
  }
}

describe('a change and its audit row are one transaction', () => {
  it.each(audited)('%s: what cannot be audited does not happen', async (route) => {
    const { send } = await prepare(route);
    await whileUncommittable(
      (table) => table === 'audit_events',
      async () => {
        const before = await footprintOf(app.db);
        expect((await send()).status).toBe(500);
        expect(unspent(route, await footprintOf(app.db))).toEqual(unspent(route, before));
      },
    );
  });

  it.each(audited)('%s: what did not happen is not audited', async (route) => {
    const { send } = await prepare(route);
    await whileUncommittable(
      // Were guesses barred, the change itself would not be reached.
      (table) => table !== 'audit_events' && table !== 'attempts',
      async () => {
        const before = await footprintOf(app.db);
        expect((await send()).status).toBe(500);
        expect(unspent(route, await footprintOf(app.db))).toEqual(unspent(route, before));
      },
    );
  });
});

describe('the rows of all that', () => {
  it('hold no value that anybody sent, but names of roles, states, scopes and classifications', async () => {
    const rows = (await dumpTables(app.db)).get('audit_events') ?? '';
    const allowed = new Set<string>([...roles, ...scopes, ...identityScopes, ...userStatuses, ...classifications]);
    const personal = [...texts].filter((text) => !allowed.has(text));
    expect(personal.length).toBeGreaterThan(30);
    for (const text of [...personal, '@', AGENT, '127.0.0', 'http', 'rmp_', '$argon2']) {
      expect([text, rows.includes(text)]).toEqual([text, false]);
    }
  });
});
