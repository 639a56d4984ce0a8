import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from './support/app.js';
import { asAdmin, claimsOf, type TestCaller } from './support/callers.js';
import { aPersonAt, aPublicClient, authorizationPath, aWebClient, startOAuth } from './support/code-flow.js';
import type { Answer } from './support/http.js';
import { aMachine, basic, post, type TestClient } from './support/oauth.js';
import { sendLines } from './support/raw-http.js';
import { steppedUp, withTotp } from './support/totp.js';

const BACK_CHANNEL = ['token', 'revoke', 'introspect', 'par', 'device_authorization'];
const FORM = 'application/x-www-form-urlencoded';

let app: TestApp;
let admin: TestCaller;
let machine: TestClient;
let web: TestClient;
let open: TestClient;

beforeAll(async () => {
  app = await startOAuth();
  admin = await steppedUp(app, await withTotp(app, await asAdmin(app)));
  machine = await aMachine(admin);
  web = await aWebClient(admin);
  open = await aPublicClient(admin);
});
afterAll(() => app.stop());

const forMachine = { grant_type: 'client_credentials' };

/** Expects a refusal in the words of RFC 6749 section 5.2, and nothing that could be kept by anybody on the way. */
function expectRefusal({ status, body, headers }: Answer, statuses: number[], error: string | RegExp): void {
  expect(statuses).toContain(status);
  expect(body).toEqual({ error: expect.stringMatching(error), error_description: expect.any(String) });
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(headers.get('x-request-id')).toBeTruthy();
}

describe('a method that a route does not have', () => {
  const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'TRACE'];
  const routes: [path: string, allow: string[]][] = [
    ...BACK_CHANNEL.map((path): [string, string[]] => [path, ['OPTIONS', 'POST']]),
    ['userinfo', ['GET', 'HEAD', 'OPTIONS', 'POST']],
    ['jwks', ['GET', 'HEAD', 'OPTIONS']],
    ['.well-known/openid-configuration', ['GET', 'HEAD', 'OPTIONS']],
    ['.well-known/oauth-authorization-server', ['GET', 'HEAD', 'OPTIONS']],
    ['authorize', ['GET', 'HEAD', 'OPTIONS', 'POST']],
    ['logout', ['GET', 'HEAD', 'OPTIONS']],
    ['logout/confirm', ['OPTIONS', 'POST']],
    ['device', ['GET', 'HEAD', 'OPTIONS', 'POST']],
  ];

  it.each(routes)('is 405 at %s, and the others are named', async (path, allow) => {
    for (const method of METHODS.filter((each) => !allow.includes(each))) {
      const { status, headers } = await sendLines(app.url, [`${method} /oauth/${path} HTTP/1.1`]);
      expect([method, status, headers.get('allow')]).toEqual([method, 405, allow.join(', ')]);
    }
  });

  it.each(routes)('is not hidden in a POST to %s', async (path, allow) => {
    const headers = { 'x-http-method-override': 'GET', 'x-http-method': 'DELETE', 'x-method-override': 'PUT' };
    const { status } = await app.call('POST', `/oauth/${path}?_method=GET`, {
      raw: '_method=GET',
      type: FORM,
      headers,
    });
    expect(status).not.toBe(200);
    if (!allow.includes('POST')) expect([405, 415]).toContain(status);
  });
});

describe.each(BACK_CHANNEL)('POST /oauth/%s', (endpoint) => {
  const form = () => ({ ...forMachine, token: 'x', client_id: machine.id });
  const send = (raw: string | Buffer, type: string, client: TestClient | null = machine) =>
    app.call('POST', `/oauth/${endpoint}`, {
      raw,
      type,
      headers: client ? { authorization: basic(client) } : {},
    });
  const formText = () => new URLSearchParams(form()).toString();

  it.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'application/xml', `${FORM}x`, 'x'])(
    'reads no body of type %s',
    async (type) => {
      for (const raw of [JSON.stringify(form()), formText()]) {
        const answer = await send(raw, type);
        expectRefusal(answer, [400, 415], /^invalid_request$/);
      }
    },
  );

  it('reads no body that is too large, and says so', async () => {
    for (const more of [70_000, 200_000, 2_000_000]) {
      const answer = await send(`${formText()}&x=${'x'.repeat(more)}`, FORM);
      expectRefusal(answer, [400, 413], /^invalid_request$/);
    }
  });

  it('reads nothing that is compressed', async () => {
    const answer = await app.call('POST', `/oauth/${endpoint}`, {
      raw: gzipSync(formText()),
      type: FORM,
      headers: { authorization: basic(machine), 'content-encoding': 'gzip' },
    });
    expectRefusal(answer, [400, 415], /^invalid_request$/);
  });

  it('does not read credentials in the query', async () => {
    const query = new URLSearchParams({ ...form(), client_secret: machine.secret ?? '' });
    for (const raw of ['', formText()]) {
      const answer = await app.call('POST', `/oauth/${endpoint}?${query.toString()}`, { raw, type: FORM });
      expectRefusal(answer, [400, 401], /^invalid_(request|client)$/);
    }
  });

  it.each(['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'])(
    'refuses two of %s',
    async (name) => {
      const twice = [...Object.entries(form()), [name, machine.id], [name, machine.id]] as [string, string][];
      for (const client of [undefined, machine]) {
        expectRefusal(await post(app, endpoint, twice, client), [400], /^invalid_request$/);
      }
    },
  );

  it('refuses two ways at once in which a client proves who it is', async () => {
    const { secret = '' } = machine;
    const assertion = {
      client_assertion: 'x',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    };
    for (const more of [{ client_secret: secret }, { client_secret: 'wrong' }, assertion]) {
      expectRefusal(
        await post(app, endpoint, { ...form(), ...more }, machine),
        [400, 401],
        /^invalid_(request|client)$/,
      );
    }
    const both = { ...form(), ...assertion, client_secret: secret };
    expectRefusal(await post(app, endpoint, both), [400, 401], /^invalid_(request|client)$/);
  });

  it('refuses a name in the body that is not that of the secret', async () => {
    expectRefusal(await post(app, endpoint, { ...form(), client_id: web.id }, machine), [400], /^invalid_request$/);
  });

  it.each<[string, () => string]>([
    ['Bearer', () => `Bearer ${machine.secret}`],
    ['the secret without a name', () => `Basic ${Buffer.from(`:${machine.secret}`).toString('base64')}`],
    ['no secret', () => `Basic ${Buffer.from(`${machine.id}:`).toString('base64')}`],
    ['no colon', () => `Basic ${Buffer.from(machine.id).toString('base64')}`],
    ['what is no base64', () => 'Basic $$$'],
    ['half an escape', () => `Basic ${Buffer.from(`${machine.id}:%zz`).toString('base64')}`],
    ['U+0000', () => `Basic ${Buffer.from(`${machine.id}:%00`).toString('base64')}`],
    ['another secret', () => basic({ ...machine, secret: web.secret })],
    ['the name of another client', () => basic({ ...machine, id: web.id })],
    ['a client that is not there', () => basic({ ...machine, id: '00000000-0000-7000-8000-000000000000' })],
    ['a client that could not be there', () => basic({ ...machine, id: "x'--" })],
    ['a public client', () => basic({ id: open.id, secret: 'x' })],
  ])('refuses %s in the Authorization field', async (_, authorization) => {
    const { client_id: _id, ...rest } = form();
    const headers = { authorization: authorization() };
    const answer = await post(app, endpoint, rest, undefined, headers);
    expectRefusal(answer, [400, 401], /^invalid_(request|client)$/);
    if (answer.status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /);
  });

  it('refuses two Authorization fields', async () => {
    const lines = [`POST /oauth/${endpoint} HTTP/1.1`, `Content-Type: ${FORM}`];
    const [one, two] = [`Authorization: ${basic(machine)}`, `Authorization: ${basic({ ...machine, secret: 'x' })}`];
    for (const both of [
      [one, two],
      [two, one],
    ]) {
      const { status } = await sendLines(app.url, [...lines, ...both], formText());
      expect([status, both]).toEqual([400, both]);
    }
  });
});

describe('POST /oauth/token', () => {
  it('refuses two of whatever comes once, and leaves the code', async () => {
    const code = await (await aPersonAt(app)).code(web);
    for (const name of ['grant_type', 'code', 'redirect_uri', 'code_verifier']) {
      const twice: [string, string][] = [...Object.entries(code), [name, code[name] ?? '']];
      expectRefusal(await post(app, 'token', twice, web), [400], /^invalid_request$/);
    }
    expect((await post(app, 'token', code, web)).status).toBe(200);
  });

  it('gives tokens for no resource but the API, of however many that are named', async () => {
    const [evil, ours] = ['https://evil.example/api', `${app.url}/api`];
    const person = await aPersonAt(app);
    for (const named of [[evil], [ours, evil], [evil, ours], ['x', 'x']]) {
      const resources = named.map((uri): [string, string] => ['resource', uri]);
      const code = [...Object.entries(await person.code(web)), ...resources];
      expectRefusal(await post(app, 'token', code, web), [400], /^invalid_target$/);
    }
    const { body } = await post(app, 'token', { ...(await person.code(web)), resource: ours }, web);
    expect(claimsOf(body.access_token)['aud']).toBe(ours);
  });

  /** RFC 6749 section 2.3.1 lets a server take both; the library does, for either method, and stores no difference. */
  it('takes a secret in the body of a client that sends it in the header otherwise', async () => {
    const inBody = { ...forMachine, client_id: machine.id, client_secret: machine.secret ?? '' };
    expect((await post(app, 'token', inBody)).status).toBe(200);
  });

  it('does not take an encoded list or object for a text', async () => {
    for (const raw of ['grant_type[]=client_credentials', 'grant_type[x]=client_credentials', '__proto__[x]=1']) {
      const headers = { authorization: basic(machine) };
      const answer = await app.call('POST', '/oauth/token', { raw, type: FORM, headers });
      expectRefusal(answer, [400], /^invalid_request$/);
    }
  });
});

describe('HEAD and OPTIONS', () => {
  it('answer without a body what GET would, or what there is', async () => {
    for (const path of ['jwks', '.well-known/openid-configuration']) {
      const [get, head] = [await app.call('GET', `/oauth/${path}`), await app.call('HEAD', `/oauth/${path}`)];
      expect([head.status, head.text, head.headers.get('content-type')]).toEqual([
        200,
        '',
        get.headers.get('content-type'),
      ]);
    }
    for (const endpoint of BACK_CHANNEL) {
      const { status, text, headers } = await app.call('OPTIONS', `/oauth/${endpoint}`);
      expect([status, text, headers.get('allow')]).toEqual([204, '', 'OPTIONS, POST']);
    }
  });

  it('begin no authorization', async () => {
    const path = authorizationPath(web);
    const head = await app.call('HEAD', path);
    expect([303, 405]).toContain(head.status);
    const options = await app.call('OPTIONS', path);
    expect([options.status, options.headers.get('location')]).toEqual([204, null]);
  });
});
