import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PasskeyAssertions } from '../src/passkeys/passkey-assertions.service.js';
import { SYSTEM } from '../src/security/principal.js';
import { startApp, type TestApp } from './support/app.js';
import { type Authenticator, type Falsehood, FLAGS } from './support/authenticator.js';
import { asAdmin, asUser, claimsOf, type TestCaller } from './support/callers.js';
import { aChallenge, aDevice, assertionOf, signIn, withPasskey } from './support/passkeys.js';
import { type Instance, startInstance } from './support/process.js';

let app: TestApp;
let second: Instance;
let me: TestCaller;
let mine: { id: string; device: Authenticator };

beforeAll(async () => {
  app = await startApp();
  second = await startInstance({ ...app.settings, LOG_LEVEL: 'warn' });
});
beforeEach(async () => {
  me = await asUser(app);
  mine = await withPasskey(me);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
});

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const outcome = ({ status, body }: { status: number; body: { code?: string } }) => `${status} ${body?.code ?? 'ok'}`;
/** Of an authenticator that does not count, as most do not: nothing but the challenge keeps its answer from being given again. */
const UNCOUNTED: Falsehood = { counter: 0 };
const REFUSED = '401 passkey_invalid';

/** What comes of signing in with my device when its answer is not what it should be. */
async function tried(lie: Falsehood, change: (response: ReturnType<Authenticator['get']>) => object = (r) => r) {
  return outcome(await signIn(app.call, change(await assertionOf(app.call, mine.device, lie))));
}
/** Other bytes of the same length, at one place. */
function altered(text: string, at: number): string {
  const bytes = Buffer.from(text, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes.toString('base64url');
}
const counterOf = async (id: string) => {
  const [row] = await app.db.query<{ counter: string }>('SELECT counter FROM passkeys WHERE id = $1', [id]);
  return Number(row?.counter);
};
const verifyAs = async (userId: string, response: ReturnType<Authenticator['get']>) => {
  const wanted = { userId, userVerification: false };
  const verified = app.nest.get(PasskeyAssertions).verify(SYSTEM, response as never, wanted);
  return verified.catch((error: { code: string }) => error.code);
};

describe('POST /api/v1/auth/passkey', () => {
  it('lets the owner in with an honest answer, again and again', async () => {
    for (const count of [1, 2, 3]) {
      const { status, body } = await signIn(app.call, await assertionOf(app.call, mine.device));
      expect([status, claimsOf(body.access_token)['sub'], await counterOf(mine.id)]).toEqual([200, me.id, count]);
    }
    expect((await me.call('GET', '/api/v1/users/me/passkeys')).body.items[0].lastUsedAt).not.toBeNull();
  });

  it.each<[string, Falsehood]>([
    ['of a page at another port', { origin: 'http://localhost:3001' }],
    ['of a page with another scheme', { origin: 'https://localhost:3000' }],
    ['of a page at another host', { origin: 'http://localhost.example:3000' }],
    ['of no page', { origin: 'null' }],
    ['for another relying party', { rpId: 'example.com' }],
    ['for a relying party below', { rpId: 'app.localhost' }],
    ['of the other ceremony', { type: 'webauthn.create' }],
    ['of somebody who was not there', { flags: FLAGS.verified }],
    ['of somebody who was there, but may be anybody', { flags: FLAGS.present }],
    ['of a key that is copied and may not be', { flags: FLAGS.present | FLAGS.verified | FLAGS.backedUp }],
    ['of a key that may be copied all of a sudden', { flags: FLAGS.present | FLAGS.verified | FLAGS.mayBackUp }],
    ['of a frame in a foreign page', { clientData: { crossOrigin: true } }],
    ['of a frame whose page is named', { clientData: { topOrigin: 'https://example.com' } }],
    ['to a challenge that nobody gave', { challenge: Buffer.alloc(32, 7).toString('base64url') }],
    ['to a challenge that is none', { challenge: 'x' }],
    ['to no challenge', { clientData: { challenge: null } }],
    ['of another person by its user handle', { userHandle: Buffer.alloc(16, 1).toString('base64url') }],
  ])('refuses an answer %s', async (_, lie) => {
    expect(await tried(lie)).toBe(REFUSED);
    expect(await tried({})).toBe('200 ok');
  });

  it('takes an answer without a user handle, and with client data that nobody knows yet', async () => {
    expect(await tried({ userHandle: undefined })).toBe('200 ok');
    expect(await tried({ clientData: { later: { version: 4 } } })).toBe('200 ok');
  });

  it('refuses an answer in which one bit of what was signed, or of the signature, is another', async () => {
    for (const member of ['authenticatorData', 'clientDataJSON', 'signature'] as const) {
      for (const at of [33, 36, -1]) {
        const change = (response: ReturnType<Authenticator['get']>) => {
          const text = (response.response as unknown as Record<string, string>)[member] ?? '';
          const place = at < 0 ? Buffer.from(text, 'base64url').length - 1 : at;
          return { ...response, response: { ...response.response, [member]: altered(text, place) } };
        };
        expect([member, at, await tried({}, change)]).toEqual([member, at, REFUSED]);
      }
    }
  });

  it('refuses a key that nobody has, and the signature of one key for another', async () => {
    const stranger = aDevice();
    expect(outcome(await signIn(app.call, await assertionOf(app.call, stranger)))).toBe(REFUSED);
    const other = await withPasskey(await asUser(app));
    const { id } = other.device;
    expect(await tried({}, (response) => ({ ...response, id, rawId: id }))).toBe(REFUSED);
  });

  it('refuses an answer that was given before, and one to a challenge that is over', async () => {
    const response = await assertionOf(app.call, mine.device, UNCOUNTED);
    expect((await signIn(app.call, response)).status).toBe(200);
    expect(outcome(await signIn(second.call, response))).toBe(REFUSED);
    const late = await assertionOf(app.call, mine.device);
    await app.db.query(`UPDATE challenges SET expires_at = now() - interval '1 millisecond'`);
    expect(outcome(await signIn(app.call, late))).toBe(REFUSED);
  });

  it('refuses a right answer to a challenge that was first answered wrongly', async () => {
    const { body: options } = await app.call('POST', '/api/v1/auth/passkey/options');
    expect(outcome(await signIn(app.call, mine.device.get(options, { origin: 'https://example.com' })))).toBe(REFUSED);
    expect(outcome(await signIn(app.call, mine.device.get(options)))).toBe(REFUSED);
  });

  it('refuses an answer to a challenge of a registration, or of another person', async () => {
    const other = await asUser(app);
    for (const [purpose, userId] of [
      ['passkey_registration', me.id],
      ['second_factor', me.id],
      ['passkey_assertion', other.id],
    ] as const) {
      const response = mine.device.get({ challenge: await aChallenge(app.db, purpose, userId), rpId: 'localhost' });
      expect([purpose, outcome(await signIn(app.call, response))]).toEqual([purpose, REFUSED]);
    }
  });

  it('refuses those who may not enter: disabled, or with an address that nobody has confirmed', async () => {
    const strict = await startInstance({ ...app.settings, AUTH_REQUIRE_VERIFIED_EMAIL: 'true' });
    expect(outcome(await signIn(strict.call, await assertionOf(app.call, mine.device)))).toBe(REFUSED);
    await app.db.query('UPDATE users SET email_verified_at = now() WHERE id = $1', [me.id]);
    expect(outcome(await signIn(strict.call, await assertionOf(app.call, mine.device)))).toBe('200 ok');
    await strict.stop();
    await (await asAdmin(app)).call('PATCH', `/api/v1/users/${me.id}`, { json: { status: 'disabled' } });
    expect(await tried({})).toBe(REFUSED);
  });
});

describe('a counter', () => {
  it('that is lowered, or stands still, lets nobody in, is audited and said in the log', async () => {
    expect(await tried({ counter: 10 })).toBe('200 ok');
    for (const counter of [10, 9, 0]) {
      const response = await assertionOf(app.call, mine.device, { counter });
      expect([counter, outcome(await signIn(second.call, response))]).toEqual([counter, REFUSED]);
    }
    const sql = `SELECT details FROM audit_events WHERE action = 'passkey.counter_lowered' AND target_id = $1 ORDER BY id`;
    const seen = [10, 9, 0].map((presented) => ({ details: { userId: me.id, counter: 10, presented } }));
    expect(await app.db.query(sql, [mine.id])).toEqual(seen);
    expect(second.output()).toContain(`passkey ${mine.id} was presented with a lowered counter`);
    expect(await tried({ counter: 11 })).toBe('200 ok');
  });

  it('that is always 0 is of an authenticator that does not count', async () => {
    for (const _ of [1, 2]) expect(await tried({ counter: 0 })).toBe('200 ok');
    expect(await tried({ counter: 4_294_967_295 })).toBe('200 ok');
    expect(await tried({ counter: 0 })).toBe(REFUSED);
  });
});

describe('50 parallel uses', () => {
  it('of one answer let one in, in one process and over two', async () => {
    for (const calls of [[app.call], [app.call, second.call]]) {
      const response = await assertionOf(app.call, mine.device, UNCOUNTED);
      const uses = times(50, (i) => signIn(calls[i % calls.length] ?? app.call, response));
      const outcomes = (await Promise.all(uses)).map(outcome).toSorted();
      expect(outcomes).toEqual(['200 ok', ...times(49, () => REFUSED)]);
    }
  });

  it('of one count let one in, over two processes, though each has a challenge of its own', async () => {
    const responses = await Promise.all(times(50, () => assertionOf(app.call, mine.device, { counter: 7 })));
    const uses = responses.map((response, i) => signIn(i % 2 ? app.call : second.call, response));
    const outcomes = (await Promise.all(uses)).map(outcome).toSorted();
    expect(outcomes).toEqual(['200 ok', ...times(49, () => REFUSED)]);
  });
});

describe('a passkey beside something else', () => {
  it('is of the person who is awaited, answered to a challenge of theirs or of anybody', async () => {
    const assertions = app.nest.get(PasskeyAssertions);
    const [own, open] = [await assertions.assertionOptions(me.id), await assertions.assertionOptions(null)];
    expect(own.allowCredentials?.map(({ id }) => id)).toEqual([mine.device.id]);
    expect([own.userVerification, open.userVerification, open.allowCredentials]).toEqual(['preferred', 'required', []]);
    for (const options of [own, open]) {
      const response = mine.device.get(options, { flags: FLAGS.present });
      const verified = { userId: me.id, passkeyId: mine.id, userVerified: false };
      expect(await verifyAs(me.id, response)).toEqual(verified);
    }
  });

  it('is not one of somebody else, and no answer to a challenge of somebody else', async () => {
    const other = await asUser(app);
    const theirs = await withPasskey(other);
    const assertions = app.nest.get(PasskeyAssertions);
    expect(await verifyAs(me.id, theirs.device.get(await assertions.assertionOptions(me.id)))).toBe('passkey_invalid');
    expect(await verifyAs(me.id, theirs.device.get(await assertions.assertionOptions(null)))).toBe('passkey_invalid');
    expect(await verifyAs(me.id, mine.device.get(await assertions.assertionOptions(other.id)))).toBe('passkey_invalid');
  });
});
