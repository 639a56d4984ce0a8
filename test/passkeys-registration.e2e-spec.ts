import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';
import { certified, empty, selfSigned, type Statement } from './support/attestation.js';
import { type Authenticator, type Falsehood, FLAGS } from './support/authenticator.js';
import { asUser, login, type TestCaller } from './support/callers.js';
import type { Call } from './support/http.js';
import { aChallenge, aDevice, aPasskey, assertionOf, signIn, withPasskey } from './support/passkeys.js';
import { type Instance, startInstance } from './support/process.js';
import { TestSmtp } from './support/smtp.js';
import { asSteppedUp } from './support/tokens.js';

const PATH = '/api/v1/users/me/passkeys';

let smtp: TestSmtp;
let app: TestApp;
let second: Instance;
beforeAll(async () => {
  smtp = await TestSmtp.start();
  app = await startApp({ SMTP_URL: smtp.url });
  second = await startInstance(app.settings);
});
afterAll(async () => {
  await second.stop();
  await app.stop();
  await smtp.stop();
});

/** Just after a step-up: whoever has a passkey is asked for it before they change their passkeys. */
const somebody = async () => asSteppedUp(app, await asUser(app));

type Registration = ReturnType<Authenticator['create']>;
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const optionsFor = async (me: TestCaller) => (await me.call('POST', `${PATH}/options`)).body;
const keep = (me: TestCaller, response: unknown, call: Call = app.call) =>
  call('POST', PATH, { token: me.token, json: { name: 'A device', response } });
const revocationsOf = async ({ id }: TestCaller) =>
  (await app.db.query('SELECT 1 FROM revocations WHERE subject = $1', [id])).length;
const kindsOf = async (me: TestCaller) => {
  const { body } = await me.call('GET', '/api/v1/users/me/security-events');
  return body.items.map(({ kind }: { kind: string }) => kind);
};

describe('POST /api/v1/users/me/passkeys', () => {
  it('keeps an honest one, says so to its owner in a mail, and offers it no second time', async () => {
    const me = await somebody();
    const options = await optionsFor(me);
    expect(options).toMatchObject({
      rp: { name: 'Rampart', id: 'localhost' },
      user: { name: me.email },
      attestation: 'none',
      excludeCredentials: [],
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
    });
    expect(options.pubKeyCredParams.map(({ alg }: { alg: number }) => alg)).toEqual([-7, -8, -257]);
    const device = aDevice();
    const { status, body } = await keep(me, device.create(options));
    expect([status, body]).toEqual([
      201,
      {
        id: expect.any(String),
        name: 'A device',
        deviceType: 'singleDevice',
        backedUp: false,
        transports: ['internal'],
        lastUsedAt: null,
        createdAt: expect.any(String),
        recoveryCodes: expect.any(Array),
      },
    ]);
    const { body: again } = await me.call('POST', `${PATH}/options`);
    expect(again.excludeCredentials.map(({ id }: { id: string }) => id)).toEqual([device.id]);
    expect(again.user.id).toBe(options.user.id);
    expect(await revocationsOf(me)).toBe(1);
    expect(await kindsOf(me)).toEqual(['passkey.created']);
    expect((await smtp.mailsTo(me.email, 2)).map(({ headers }) => headers['subject'])).toContain('New passkey');
  });

  it.each<[string, Falsehood, Statement?]>([
    ['of a page at another port', { origin: 'http://localhost:3001' }],
    ['for another relying party', { rpId: 'example.com' }],
    ['of the other ceremony', { type: 'webauthn.get' }],
    ['of nobody who was there', { flags: FLAGS.verified }],
    ['in a foreign frame', { clientData: { crossOrigin: true } }],
    ['to a challenge that nobody gave', { challenge: Buffer.alloc(32, 7).toString('base64url') }],
    ['with a statement of an unknown kind', {}, empty('dhig')],
    ['with a statement that is empty', {}, empty('packed')],
  ])('refuses one %s, and names the response', async (_, lie, statement) => {
    const me = await somebody();
    const options = await optionsFor(me);
    const device = aDevice();
    const { status, body } = await keep(me, device.create(options, lie, statement));
    expect([status, body.code, body.errors?.[0]]).toMatchObject([400, 'validation_failed', { pointer: '/response' }]);
    expect((await me.call('GET', PATH)).body.items).toEqual([]);
    expect((await keep(me, device.create(await optionsFor(me)))).status).toBe(201);
  });

  it('keeps one that signs itself, but none with a certificate, which nobody asked for', async () => {
    const me = await somebody();
    const outcomes = [];
    for (const statement of [selfSigned, await certified()]) {
      outcomes.push((await keep(me, aDevice().create(await optionsFor(me), {}, statement))).status);
    }
    expect(outcomes).toEqual([201, 400]);
  });

  it('refuses one for the challenge of another person, of a login, over, or used', async () => {
    const [me, other] = [await somebody(), await somebody()];
    const [theirs, mine] = [await optionsFor(other), await optionsFor(me)];
    const forLogin = { ...mine, challenge: await aChallenge(app.db, 'passkey_assertion', me.id) };
    for (const options of [theirs, forLogin]) expect((await keep(me, aDevice().create(options))).status).toBe(400);
    const device = aDevice();
    expect((await keep(me, device.create(mine))).status).toBe(201);
    expect((await keep(me, aDevice().create(mine))).status).toBe(400);
    const late = await optionsFor(me);
    await app.db.query(`UPDATE challenges SET expires_at = now() - interval '1 millisecond'`);
    expect((await keep(me, aDevice().create(late))).status).toBe(400);
  });

  it('refuses one that somebody has', async () => {
    const [me, other] = [await somebody(), await somebody()];
    const { device } = await withPasskey(other);
    const { status, body } = await keep(me, device.create(await optionsFor(me)));
    expect([status, body.code]).toEqual([409, 'conflict']);
    expect(await kindsOf(me)).toEqual([]);
  });

  it.each<[string, (response: Registration) => unknown]>([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a list', (response) => [response]],
    ['a text', (response) => JSON.stringify(response)],
    ['no identifier', (response) => ({ ...response, id: undefined })],
    ['two identifiers', (response) => ({ ...response, rawId: 'AAAA' })],
    ['an identifier with padding', (r) => ({ ...r, id: `${r.id.slice(0, -1)}==`, rawId: `${r.id.slice(0, -1)}==` })],
    ['an identifier in another spelling', (r) => ({ ...r, id: 'AB', rawId: 'AB' })],
    ['an identifier that is too long', (r) => ({ ...r, id: 'A'.repeat(1368), rawId: 'A'.repeat(1368) })],
    ['another type', (response) => ({ ...response, type: 'password' })],
    ['extensions that are none', (response) => ({ ...response, clientExtensionResults: [] })],
    ['an identifier of nothing', (response) => ({ ...response, id: '', rawId: '' })],
    ['another attachment', (response) => ({ ...response, authenticatorAttachment: 'telepathy' })],
    ['transports that are no words', (r) => ({ ...r, response: { ...r.response, transports: ['a b'] } })],
    ['too many transports', (r) => ({ ...r, response: { ...r.response, transports: times(11, () => 'usb') } })],
    ['no attestation', (r) => ({ ...r, response: { clientDataJSON: r.response.clientDataJSON } })],
    ['client data of 90 kB', (r) => ({ ...r, response: { ...r.response, clientDataJSON: 'A'.repeat(90_000) } })],
    ['an assertion', (r) => ({ ...r, response: { clientDataJSON: 'AA', authenticatorData: 'AA', signature: 'AA' } })],
  ])('answers 400 to %s, before anything is judged', async (_, change) => {
    const me = await somebody();
    const { status, body } = await keep(me, change(aDevice().create(await optionsFor(me))));
    expect([status, body.code, body.errors]).toMatchObject([
      400,
      'validation_failed',
      [{ pointer: '/response', code: 'passkey_response' }],
    ]);
  });

  it.each<[string, (response: Registration) => unknown]>([
    ['client data that is no JSON', (r) => ({ ...r, response: { ...r.response, clientDataJSON: 'AAAA' } })],
    ['an attestation of one byte', (r) => ({ ...r, response: { ...r.response, attestationObject: 'ow' } })],
    ['an endless attestation', (r) => ({ ...r, response: { ...r.response, attestationObject: 'm_________8' } })],
    [
      'an attestation of many levels',
      (r) => ({ ...r, response: { ...r.response, attestationObject: 'gYGB'.repeat(5000) } }),
    ],
  ])('answers 400 to %s', async (_, change) => {
    const me = await somebody();
    const { status, body } = await keep(me, change(aDevice().create(await optionsFor(me))));
    expect([status, body.errors]).toMatchObject([400, [{ pointer: '/response', code: 'passkey' }]]);
  });

  it('keeps one of 50 at once for one challenge, over two processes', async () => {
    const me = await somebody();
    const options = await optionsFor(me);
    const all = times(50, (i) => keep(me, aDevice().create(options), i % 2 ? app.call : second.call));
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([201, ...times(49, () => 400)]);
    expect((await me.call('GET', PATH)).body.items).toHaveLength(1);
  });

  it('keeps 20 of a person, also when many come at once over two processes, and no other until one is deleted', async () => {
    const me = await somebody();
    await Promise.all(times(18, () => aPasskey(app.db, me.id)));
    const each = await Promise.all(times(12, () => optionsFor(me)));
    const all = each.map((options, i) => keep(me, aDevice().create(options), i % 2 ? app.call : second.call));
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([201, 201, ...times(10, () => 409)]);
    const { body } = await me.call('GET', PATH);
    expect(body.items).toHaveLength(20);
    await me.call('DELETE', `${PATH}/${body.items[0].id}`);
    expect((await keep(me, aDevice().create(await optionsFor(me)))).status).toBe(201);
  });
});

describe('a passkey', () => {
  it('of another person is neither seen, renamed nor deleted', async () => {
    const [me, other] = [await somebody(), await somebody()];
    const { id, device } = await withPasskey(other);
    expect((await me.call('GET', PATH)).body.items).toEqual([]);
    expect((await me.call('PATCH', `${PATH}/${id}`, { json: { name: 'mine' } })).status).toBe(404);
    expect((await me.call('DELETE', `${PATH}/${id}`)).status).toBe(404);
    expect((await signIn(app.call, await assertionOf(app.call, device))).status).toBe(200);
  });

  it('that is deleted lets nobody in, and its owner is told', async () => {
    const me = await somebody();
    const { id, device } = await withPasskey(me);
    const ready = await assertionOf(app.call, device);
    expect((await me.call('DELETE', `${PATH}/${id}`)).status).toBe(204);
    expect(await revocationsOf(me)).toBe(2);
    for (const { call } of [app, second]) expect((await signIn(call, ready)).status).toBe(401);
    expect((await signIn(app.call, await assertionOf(app.call, device))).status).toBe(401);
    expect(await kindsOf(me)).toEqual(['passkey.deleted', 'passkey.created']);
    expect((await smtp.mailsTo(me.email, 3)).map(({ headers }) => headers['subject'])).toContain(
      'A passkey was deleted',
    );
  });
});

describe('where clients call this service by an address', () => {
  it('there are no passkeys, and it says so', async () => {
    const me = await somebody();
    const bare = await startInstance({ ...app.settings, PUBLIC_URL: 'http://127.0.0.1:3000' });
    const { token } = await asSteppedUp(app, await login(bare, me));
    const call: Call = (method, path, options) => bare.call(method, path, { token, ...options });
    const { id, device } = await withPasskey(me);
    const response = await assertionOf(app.call, device);
    const answers = [
      await bare.call('POST', '/api/v1/auth/passkey/options'),
      await signIn(bare.call, response),
      await call('POST', `${PATH}/options`),
      await call('POST', PATH, { json: { name: 'x', response: device.create(await optionsFor(me)) } }),
    ];
    expect(answers.map(({ status, body }) => `${status} ${body.code}`)).toEqual(
      answers.map(() => '503 passkeys_unavailable'),
    );
    expect((await call('DELETE', `${PATH}/${id}`)).status).toBe(204);
    await bare.stop();
  });
});
