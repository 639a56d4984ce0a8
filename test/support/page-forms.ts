import * as client from 'openid-client';
import type { TestApp } from './app.js';
import { Authenticator, type CreationOptions, type RequestOptions } from './authenticator.js';
import { attributeOf, Browse, formsOf } from './browse.js';
import { asUser, withKey } from './callers.js';
import { CREDENTIALS } from './outside.js';
import { withPasskey } from './passkeys.js';
import { connect, RelyingParty, signInFor, signInTo } from './relying-party.js';
import { withTotp } from './totp.js';

/** Where the forms are, and what they are for. */
export interface World {
  readonly app: TestApp;
  readonly party: RelyingParty;
  /** An application without a browser. */
  readonly television: RelyingParty;
}

/** A form that does what it is for when it is sent as it is. */
export interface ReadyForm {
  readonly browser: Browse;
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  /** The field that shows where it came from: ours, or the library's. */
  readonly token: 'csrf' | 'xsrf';
}

/** Where people may link an account. The button only says where the browser shall go: nobody has to be there. */
const PROVIDER = { kind: 'github', name: 'github', label: 'GitHub', issuer: 'https://code.example/login' };
export const WITH_PROVIDER = {
  OIDC_PROVIDERS: JSON.stringify([{ ...PROVIDER, apiUrl: 'https://code.example/api', ...CREDENTIALS }]),
};

/** Every form of the pages by its route, filled in by whoever may send it. */
export const pageForms: Readonly<Record<string, (world: World) => Promise<ReadyForm>>> = {
  'POST /login/:interaction': async (world) => {
    const { email, password } = await asUser(world.app);
    return formOf(await atLogin(world), /^\/login\/[\w-]+$/, { email, password });
  },
  'POST /login/:interaction/mfa': async (world) => {
    const [browser, user] = [await atLogin(world), await withTotp(world.app, await asUser(world.app))];
    await browser.submit({ email: user.email, password: user.password });
    return formOf(browser, /\/mfa$/, { code: '', recoveryCode: user.recoveryCodes[0] ?? '' });
  },
  'POST /login/:interaction/passkey': async (world) => {
    const { device } = await withPasskey(await asUser(world.app), 'Laptop', new Authenticator(world.app.url));
    const browser = await atLogin(world);
    const options = JSON.parse(attributeOf(browser.page.html, 'data-options') ?? '') as RequestOptions;
    return formOf(browser, /\/passkey$/, { response: JSON.stringify(device.get(options)) });
  },
  // The page comes after a password that is too short now, which few have: its answer is that it took too long.
  'POST /login/:interaction/password': async (world) => {
    const form = formOf(await atLogin(world), /^\/login\/[\w-]+$/);
    const fields = { csrf: form.fields['csrf'] ?? '', challenge: 'x', password: 'a long enough password' };
    return { ...form, action: `${form.action}/password`, fields };
  },
  'POST /login/:interaction/confirm': async (world) => {
    const { browser, password } = await atConfirm(world);
    return formOf(browser, /\/confirm$/, { password });
  },
  'POST /login/:interaction/switch': async (world) => formOf((await atConfirm(world)).browser, /\/switch$/),
  'POST /consent/:interaction': async ({ app, party }) => {
    const browser = await signInFor(app, (await party.begin()).url, await asUser(app));
    return formOf(browser, /^\/consent\//, { decision: 'allow' });
  },
  'POST /account/sign-out': async (world) => formOf(await atAccount(world), /sign-out$/),
  'POST /account/sessions/end': async (world) => formOf(await atAccount(world), /sessions\/end$/),
  'POST /account/sessions/:id/end': async (world) => formOf(await atAccount(world), /sessions\/[\w-]{36}\/end$/),
  'POST /account/grants/:id/end': async (world) => formOf(await atAccount(world), /grants\/.*\/end$/),
  'POST /account/keys/:id/end': async (world) => formOf(await atAccount(world), /keys\/.*\/end$/),
  'POST /account/passkeys/:id/end': async (world) => formOf(await atAccount(world), /passkeys\/.*\/end$/),
  'POST /account/passkeys/options': async (world) => {
    const browser = await signInTo(world.app, await asUser(world.app));
    return { ...formOf(browser, /passkeys$/), action: '/account/passkeys/options' };
  },
  'POST /account/passkeys': async ({ app }) => {
    const browser = await signInTo(app, await asUser(app));
    const form = formOf(browser, /passkeys$/);
    const options = await browser.post('/account/passkeys/options', form.fields);
    const response = new Authenticator(app.url).create(JSON.parse(options.html) as CreationOptions);
    return { ...form, fields: { ...form.fields, response: JSON.stringify(response) } };
  },
  'POST /account/providers/:name/link': async (world) => formOf(await atAccount(world), /github\/link$/),
  'POST /account/providers/:name/end': async (world) => {
    const user = await asUser(world.app);
    const link =
      'INSERT INTO outside_accounts (id, user_id, provider, issuer, subject) VALUES (gen_random_uuid(), $1, $2, $3, $2)';
    await world.app.db.query(link, [user.id, PROVIDER.name, PROVIDER.issuer]);
    return formOf(await signInTo(world.app, user), /github\/end$/);
  },
  'POST /oauth/device': async ({ app, television }) => {
    const { user_code } = await client.initiateDeviceAuthorization(television.config, { scope: 'data:read' });
    const browser = new Browse(app.url);
    await browser.get('/oauth/device');
    await browser.submit({ user_code });
    return formOf(browser, /device$/, { confirm: 'yes' });
  },
  'POST /oauth/logout/confirm': async ({ app }) => {
    const browser = await signInTo(app, await asUser(app));
    await browser.get('/oauth/logout');
    return formOf(browser, /confirm$/, { logout: 'yes' });
  },
};

/** The first form of the page that leads there, with these values. */
function formOf(browser: Browse, action: RegExp, values: Record<string, string> = {}): ReadyForm {
  const form = formsOf(browser.page.html).find((each) => action.test(each.action));
  if (!form) throw new Error(`no form leads to ${String(action)} on ${browser.page.url}`);
  const fields = { ...Object.fromEntries(form.fields), ...values };
  return { browser, action: form.action, fields, token: 'xsrf' in fields ? 'xsrf' : 'csrf' };
}

async function atLogin({ app, party }: World): Promise<Browse> {
  const browser = new Browse(app.url);
  await browser.get((await party.begin()).url);
  return browser;
}

async function atConfirm({ app, party }: World): Promise<{ browser: Browse; password: string }> {
  const { email, password } = await asUser(app);
  const browser = await signInTo(app, { email, password });
  await browser.get((await party.begin({ prompt: 'login' })).url);
  return { browser, password };
}

/** Somebody whose account has one of everything that can be ended. */
async function atAccount({ app, party }: World): Promise<Browse> {
  const user = await asUser(app);
  await withKey(app, user);
  const { browser } = await connect(app, party, user);
  await withPasskey(user, 'Laptop', new Authenticator(app.url));
  await browser.get('/account');
  return browser;
}

/** A world for the forms: the application at an address where passkeys work, and two applications that use it. */
export async function worldOf(app: TestApp, owner: Parameters<typeof RelyingParty.of>[1]): Promise<World> {
  const television = {
    name: 'Television',
    applicationType: 'native',
    tokenEndpointAuthMethod: 'none',
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
    redirectUris: undefined,
    postLogoutRedirectUris: undefined,
    scopes: ['data:read'],
  };
  return { app, party: await RelyingParty.of(app, owner), television: await RelyingParty.of(app, owner, television) };
}
