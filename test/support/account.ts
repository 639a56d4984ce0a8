import type { TestApp } from './app.js';
import { asUser, login, type TestCaller, withKey } from './callers.js';
import { aSigningClient, CLIENTS, withClient } from './clients.js';
import { aClient, aRecord } from './factories.js';
import { steppedUp, withTotp } from './totp.js';
import { aDevice, withPasskey } from './passkeys.js';

export interface Account extends TestCaller {
  readonly username: string;
  readonly key: Awaited<ReturnType<typeof withKey>>;
  /** One live, one restricted, one deleted. */
  readonly records: readonly string[];
  /** The successors of the first ones. */
  readonly refreshToken: string;
  readonly secondKey: string;
  /** Of the one-time passwords, in base 32. */
  readonly secret: string;
  /** Whatever lets somebody in. */
  readonly secrets: readonly string[];
}

/** A person with rows in every table that can have some of theirs, no column of them empty where it can be filled. */
export async function anAccount(app: TestApp, device = aDevice()): Promise<Account> {
  const person = await asUser(app);
  const { call, id } = person;
  const username = `name-${id.slice(-12)}`;
  await call('PATCH', '/api/v1/users/me', { json: { username, displayName: `shown as ${username}` } });
  const over = await login(app, person);
  await over.call('POST', '/api/v1/auth/logout');
  const refreshed = await app.call('POST', '/api/v1/auth/refresh', { json: { refresh_token: person.refreshToken } });
  const inADay = new Date(Date.now() + 86_400_000).toISOString();
  const limits = { allowedCidrs: ['127.0.0.0/8'], rateLimit: '1000/hour', expiresAt: inADay };
  const key = await withKey(app, person, { name: `key of ${username}`, ...limits });
  const rotated = await call('POST', `/api/v1/api-keys/${key.id}/rotate`, { json: { overlapSeconds: 3600 } });
  const headers = { 'idempotency-key': `once-for-${username}` };
  const records: string[] = [];
  for (const classification of ['internal', 'restricted', 'public']) {
    const json = aRecord({ name: `${classification} of ${username}`, content: { of: username }, classification });
    const { body } = await call('POST', '/api/v1/data', {
      json,
      ...(classification === 'internal' ? { headers } : {}),
    });
    if (!body.id) throw new Error(`the record was not made: ${JSON.stringify(body)}`);
    records.push(String(body.id));
  }
  await call('DELETE', `/api/v1/data/${records[2]}`, { headers: { 'if-match': '*' } });
  const clientSecrets = await registerClients(person);
  const strong = await steppedUp(app, await withTotp(app, person));
  await withPasskey(strong, 'A device', device);
  await fillIn(app, person, key.id);
  const [refreshToken, secondKey] = [String(refreshed.body.refresh_token), String(rotated.body.key)];
  const tokens = [
    person.token,
    strong.token,
    strong.secret,
    ...strong.recoveryCodes,
    person.refreshToken,
    refreshToken,
    over.token,
    over.refreshToken,
  ];
  const secrets = [...tokens, ...clientSecrets, key.key, secondKey, person.password];
  return { ...strong, username, key, records, refreshToken, secondKey, secrets };
}

/** One with two secrets, which are answered, and one with every member set. */
async function registerClients(person: TestCaller): Promise<string[]> {
  const { id, secret } = await withClient(person);
  const { body } = await person.call('POST', `${CLIENTS}/${id}/secret`, { json: { overlapSeconds: 3600 } });
  const signing = await withClient(person, aSigningClient({ postLogoutRedirectUris: aClient().redirectUris }));
  await person.call('PATCH', `${CLIENTS}/${signing.id}`, { json: { status: 'disabled' } });
  return [secret, String(body.clientSecret)];
}

/** What no request of theirs writes, or not at once. */
async function fillIn({ db }: TestApp, { id }: TestCaller, keyId: string): Promise<void> {
  await db.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [id]);
  await db.query(`UPDATE security_events SET user_agent = 'Browser/1', network = '192.0.2.0/24' WHERE user_id = $1`, [
    id,
  ]);
  await db.query('UPDATE passkeys SET last_used_at = now() WHERE user_id = $1', [id]);
  await db.query(
    `INSERT INTO outside_accounts (id, user_id, provider, issuer, subject, last_used_at)
     VALUES (gen_random_uuid(), $1::uuid, 'sso', 'https://sso.example', $1::text, now())`,
    [id],
  );
  await db.query('UPDATE api_keys SET last_used_at = now() WHERE id = $1', [keyId]);
  await db.query(`INSERT INTO invitations SELECT sha256($1::text::bytea), $1::uuid, now() + interval '1 day'`, [id]);
}
