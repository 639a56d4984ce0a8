import { assets } from '../../src/pages/assets.js';
import type { Reached } from './app.js';
import { asAdmin, asAuditor, asReader, asUser, claimsOf, type TestCaller, withKey } from './callers.js';
import { aClient, aKey, aPerson, aRecord } from './factories.js';
import type { RequestOptions } from './http.js';
import { aGrant, anEmailToken, aSession, aStoredClient, aStoredKey, aStoredRecord, aUser } from './rows.js';
import { challengeOf, codeOf, mayHaveFactor, steppedUp, withTotp } from './totp.js';
import { aChallenge, aDevice, aPasskey } from './passkeys.js';

/** Whose credential a request carries, and whose row it names. */
export interface Kind {
  readonly credential: RequestOptions;
  readonly owner: TestCaller;
}

/** One of each kind of caller. Two kinds name a stranger's row: the user, and the administrator, whom only clients let in. */
export async function makeKinds(app: Reached) {
  const [reader, user, auditor, admin, stranger] = await Promise.all([
    asReader(app),
    asUser(app),
    asAuditor(app),
    asAdmin(app),
    asUser(app),
  ]);
  const everything = String(claimsOf(admin.token).scope).split(' ');
  const full = await withKey(app, admin, { scopes: everything });
  // No route asks for this scope alone or besides others.
  const narrow = await withKey(app, admin, { scopes: ['audit:read'] });
  const disabled = await asUser(app);
  const dead = await withKey(app, disabled, { scopes: ['data:read', 'data:write', 'profile:read'] });
  await admin.call('PATCH', `/api/v1/users/${disabled.id}`, { json: { status: 'disabled' } });
  // Another administrator stays whatever happens to this one.
  await asAdmin(app);
  return {
    nobody: { credential: {}, owner: user },
    broken: { credential: { token: `${user.token.slice(0, -6)}AAAAAA` }, owner: user },
    reader: { credential: { token: reader.token }, owner: reader },
    user: { credential: { token: user.token }, owner: user },
    auditor: { credential: { token: auditor.token }, owner: auditor },
    admin: { credential: { token: admin.token }, owner: admin },
    full: { credential: { key: full.key }, owner: admin },
    narrow: { credential: { key: narrow.key }, owner: admin },
    dead: { credential: { key: dead.key }, owner: disabled },
    stranger: { credential: { token: user.token }, owner: stranger },
    'admin-stranger': { credential: { token: admin.token }, owner: stranger },
  } satisfies Record<string, Kind>;
}

export type KindName = keyof Awaited<ReturnType<typeof makeKinds>>;

/** Makes what the route needs to succeed, and says how it is called. */
export type Prepare = (app: Reached, kind: Kind) => Promise<Prepared> | Prepared;

interface Prepared extends RequestOptions {
  /** The row the path names. */
  readonly id?: string;
  /** Who calls in place of the owner, where that would be another one afterwards. */
  readonly as?: TestCaller;
}

/** With somebody of the same roles in place of a caller with a session, who stays as they are for the rows to come. */
const another =
  (make: (app: Reached, person: TestCaller) => Promise<Prepared>): Prepare =>
  async (app, { credential, owner }) => {
    if (credential.token !== owner.token) return {};
    const [row] = await app.db.query<{ roles: string[] }>('SELECT roles FROM users WHERE id = $1', [owner.id]);
    const person = await asUser(app, row?.roles);
    const { as = person, ...prepared } = await make(app, person);
    return { token: as.token, as, ...prepared };
  };

/** The same person, just after they have shown a second factor. */
const withFactor = async (app: Reached, person: TestCaller): Promise<Prepared> =>
  mayHaveFactor(person) ? { as: await steppedUp(app, await withTotp(app, person)) } : {};

const body =
  (json: unknown): Prepare =>
  () => ({ json });
const nothing: Prepare = () => ({});

/** Of somebody else the caller sees none, and one of their own is a second factor. */
const withStoredPasskey: Prepare = async (app, kind) => {
  const id = await aUser(app.db);
  const prepared = await another(withFactor)(app, kind);
  return { ...prepared, id: (await aPasskey(app.db, prepared.as?.id ?? id)).id };
};

/** For each route a request that its rightful caller gets through with. */
export const requests: Readonly<Record<string, Prepare>> = {
  'GET /.well-known/jwks.json': nothing,
  'GET /.well-known/security.txt': nothing,
  'GET /.well-known/oauth-protected-resource/api': nothing,
  'GET /openapi.json': nothing,
  'GET /docs': nothing,
  'GET /docs/:asset': () => ({ id: 'docs.js' }),
  'GET /dev/mailbox': nothing,
  'GET /assets/:asset': () => ({ id: assets.style.path.split('/')[2] }),
  'GET /health/live': nothing,
  'GET /health/ready': nothing,
  'POST /api/v1/auth/register': () => ({ json: aPerson() }),
  'POST /api/v1/auth/login': (_, { owner: { email, password } }) => ({ json: { email, password } }),
  'POST /api/v1/auth/refresh': async (app) => ({ json: { refresh_token: (await asUser(app)).refreshToken } }),
  'POST /api/v1/auth/invitations/accept': async (app) => ({
    json: { ...aPerson({ email: undefined }), token: await invitation(app) },
  }),
  'POST /api/v1/auth/email/verify': async ({ db }) => ({ json: { token: await anEmailToken(db) } }),
  'POST /api/v1/auth/email/resend': () => ({ json: { email: aPerson().email } }),
  'POST /api/v1/auth/password/forgot': () => ({ json: { email: aPerson().email } }),
  'POST /api/v1/auth/password/reset': async ({ db }) => ({
    json: { token: await anEmailToken(db, 'reset_password'), password: aPerson().password },
  }),
  'POST /api/v1/auth/logout': another(async () => ({})),
  'POST /api/v1/auth/login/mfa': async (app) => {
    const member = await withTotp(app, await asUser(app));
    return { json: { challenge: await challengeOf(app, member), code: await codeOf(member.secret) } };
  },
  'POST /api/v1/auth/login/password': async ({ db }) => ({
    json: { challenge: await aChallenge(db, 'new_password', await aUser(db)), password: aPerson().password },
  }),
  'POST /api/v1/auth/step-up/options': nothing,
  'POST /api/v1/auth/step-up': another(async (app, person) => {
    if (!mayHaveFactor(person)) return { json: { password: person.password } };
    return { json: { code: await codeOf((await withTotp(app, person)).secret) } };
  }),
  'POST /api/v1/auth/passkey/options': nothing,
  'POST /api/v1/auth/passkey': async (app, { owner }) => {
    const { id } = await asUser(app);
    await app.db.query('UPDATE users SET status = (SELECT status FROM users WHERE id = $2) WHERE id = $1', [
      id,
      owner.id,
    ]);
    const [{ device }, challenge] = [await aPasskey(app.db, id), await aChallenge(app.db, 'passkey_assertion', null)];
    return { json: { response: device.get({ challenge, rpId: 'localhost' }) } };
  },
  'GET /api/v1/auth/providers': nothing,
  'GET /api/v1/auth/sessions': nothing,
  'DELETE /api/v1/auth/sessions': nothing,
  'DELETE /api/v1/auth/sessions/:id': async ({ db }, { owner }) => ({ id: await aSession(db, owner.id) }),
  'GET /api/v1/users/me': nothing,
  'PATCH /api/v1/users/me': body({ displayName: 'Somebody' }),
  'POST /api/v1/users/me/email': (_, { owner: { password } }) => ({ json: { email: aPerson().email, password } }),
  'POST /api/v1/users/me/password': (_, { owner: { password } }) => ({
    json: { currentPassword: password, newPassword: password },
  }),
  'POST /api/v1/users/me/passkeys/options': nothing,
  'POST /api/v1/users/me/passkeys': another(async ({ db }, { id }) => {
    const options = {
      challenge: await aChallenge(db, 'passkey_registration', id),
      rp: { id: 'localhost' },
      user: { id },
    };
    return { json: { name: 'A device', response: aDevice().create(options) } };
  }),
  'GET /api/v1/users/me/passkeys': nothing,
  'GET /api/v1/users/me/grants': nothing,
  'DELETE /api/v1/users/me/grants/:id': async ({ db }, { owner }) => ({ id: await aGrant(db, owner.id) }),
  'PATCH /api/v1/users/me/passkeys/:id': async (app, kind) => ({
    ...(await withStoredPasskey(app, kind)),
    json: { name: 'new' },
  }),
  'DELETE /api/v1/users/me/passkeys/:id': (app, kind) => withStoredPasskey(app, kind),
  'GET /api/v1/users/me/security-events': nothing,
  'GET /api/v1/users/me/export': nothing,
  'POST /api/v1/users/me/deletion': (_, { owner: { password } }) => ({ json: { password } }),
  'DELETE /api/v1/users/me/deletion': nothing,
  'GET /api/v1/users/me/mfa': nothing,
  'POST /api/v1/users/me/mfa/totp': nothing,
  'POST /api/v1/users/me/mfa/totp/confirm': another(async (_, person) => {
    const { body: setup } = await person.call('POST', '/api/v1/users/me/mfa/totp');
    return { json: { code: setup.secret ? await codeOf(setup.secret) : '123456' } };
  }),
  'DELETE /api/v1/users/me/mfa/totp': another(withFactor),
  'POST /api/v1/users/me/mfa/recovery-codes': another(withFactor),
  'GET /api/v1/users': nothing,
  'POST /api/v1/users': () => ({ json: { email: aPerson().email } }),
  'GET /api/v1/users/:id': async ({ db }) => ({ id: await aUser(db) }),
  'PATCH /api/v1/users/:id': async ({ db }) => ({ id: await aUser(db), json: { status: 'disabled' } }),
  'DELETE /api/v1/users/:id': async ({ db }) => ({ id: await aUser(db) }),
  'DELETE /api/v1/users/:id/sessions': async ({ db }) => ({ id: await aUser(db) }),
  'DELETE /api/v1/users/:id/mfa': async ({ db }) => ({ id: await aUser(db) }),
  'GET /api/v1/api-keys': nothing,
  'POST /api/v1/api-keys': () => ({ json: aKey({ scopes: ['keys:read'] }) }),
  'GET /api/v1/api-keys/:id': async ({ db }, { owner }) => ({ id: await aStoredKey(db, owner.id) }),
  'PATCH /api/v1/api-keys/:id': async ({ db }, { owner }) => ({
    id: await aStoredKey(db, owner.id),
    json: { name: 'new' },
  }),
  'DELETE /api/v1/api-keys/:id': async ({ db }, { owner }) => ({ id: await aStoredKey(db, owner.id) }),
  'POST /api/v1/api-keys/:id/rotate': async ({ db }, { owner }) => ({ id: await aStoredKey(db, owner.id), json: {} }),
  'GET /api/v1/oauth-clients': nothing,
  'POST /api/v1/oauth-clients': () => ({ json: aClient() }),
  'GET /api/v1/oauth-clients/:id': async ({ db }, { owner }) => ({ id: await aStoredClient(db, owner.id) }),
  'PATCH /api/v1/oauth-clients/:id': async ({ db }, { owner }) => ({
    id: await aStoredClient(db, owner.id),
    json: { name: 'new' },
  }),
  'DELETE /api/v1/oauth-clients/:id': async ({ db }, { owner }) => ({ id: await aStoredClient(db, owner.id) }),
  'POST /api/v1/oauth-clients/:id/secret': async ({ db }, { owner }) => ({
    id: await aStoredClient(db, owner.id),
    json: {},
  }),
  'GET /api/v1/data': nothing,
  'POST /api/v1/data': () => ({ json: aRecord() }),
  'GET /api/v1/data/:id': async ({ db }, { owner }) => ({ id: await aStoredRecord(db, owner.id) }),
  'PATCH /api/v1/data/:id': async ({ db }, { owner }) => ({
    id: await aStoredRecord(db, owner.id),
    json: { name: 'new' },
    headers: { 'if-match': '*' },
  }),
  'DELETE /api/v1/data/:id': async ({ db }, { owner }) => ({
    id: await aStoredRecord(db, owner.id),
    headers: { 'if-match': '*' },
  }),
  'POST /api/v1/data/:id/restore': async ({ db }, { owner }) => ({ id: await aStoredRecord(db, owner.id, new Date()) }),
};

async function invitation(app: Reached): Promise<string> {
  const admin = await asAdmin(app);
  const { body: invited } = await admin.call('POST', '/api/v1/users', { json: { email: aPerson().email } });
  return String(invited.invitationUrl).split('#token=')[1] ?? '';
}
