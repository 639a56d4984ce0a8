import { randomBytes, randomUUID } from 'node:crypto';
import type { Reached } from './app.js';
import { Authenticator, type Falsehood } from './authenticator.js';
import type { TestCaller } from './callers.js';
import type { Answer, Call } from './http.js';
import { testSettings } from './settings.js';

/** A device of somebody whose pages are those of the application. */
export const aDevice = (): Authenticator => new Authenticator(testSettings.PUBLIC_URL);

/** Registers a device, a new one unless told, for this person over HTTP, honestly. */
export async function withPasskey(
  owner: TestCaller,
  name = 'A device',
  device = aDevice(),
): Promise<{ id: string; device: Authenticator; recoveryCodes: string[] | undefined }> {
  const { body: options } = await owner.call('POST', '/api/v1/users/me/passkeys/options');
  const json = { name, response: device.create(options) };
  const { status, body, text } = await owner.call('POST', '/api/v1/users/me/passkeys', { json });
  if (status !== 201) throw new Error(`the passkey was not kept: ${status} ${text}`);
  return { id: String(body.id), device, recoveryCodes: body.recoveryCodes };
}

/** The use of a device for a new challenge of the passwordless form. */
export async function assertionOf(call: Call, device: Authenticator, lie: Falsehood = {}) {
  const { body: options } = await call('POST', '/api/v1/auth/passkey/options');
  return device.get(options, lie);
}

export const signIn = (call: Call, response: unknown): Promise<Answer> =>
  call('POST', '/api/v1/auth/passkey', { json: { response } });

/** A challenge as if it had been given out. */
export async function aChallenge(db: Reached['db'], purpose: string, userId: string | null): Promise<string> {
  const challenge = randomBytes(32).toString('base64url');
  await db.query(
    `INSERT INTO challenges (hash, purpose, user_id, expires_at)
     VALUES (sha256(convert_to($1, 'UTF8')), $2, $3, now() + interval '5 minutes')`,
    [challenge, purpose, userId],
  );
  return challenge;
}

/** A stored passkey of this person, and its device. */
export async function aPasskey(db: Reached['db'], userId: string): Promise<{ id: string; device: Authenticator }> {
  const [id, device] = [randomUUID(), aDevice()];
  await db.query(
    `INSERT INTO passkeys (id, user_id, credential_id, public_key, counter, transports, name, device_type, backed_up)
     VALUES ($1, $2, $3, $4, 0, '{internal}', 'stored', 'singleDevice', false)`,
    [id, userId, device.credentialId, device.publicKey],
  );
  return { id, device };
}
