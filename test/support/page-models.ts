import { accountView } from '../../src/pages/account.view.js';
import { confirmIdentityView } from '../../src/pages/confirm-identity.view.js';
import { consentView } from '../../src/pages/consent.view.js';
import { deviceCodeView, deviceConfirmView, deviceDoneView } from '../../src/pages/device.view.js';
import { errorView } from '../../src/pages/error.view.js';
import { loginView } from '../../src/pages/login.view.js';
import { newPasswordView } from '../../src/pages/new-password.view.js';
import { recoveryCodesView } from '../../src/pages/recovery-codes.view.js';
import { wordsOf } from '../../src/pages/scope-words.js';
import { secondFactorView } from '../../src/pages/second-factor.view.js';
import { signedOutView, signOutView } from '../../src/pages/sign-out.view.js';

/** What a page may be made of: the same views with every text of a kind. */
export interface Texts {
  readonly email: string;
  readonly name: string;
  readonly client: string;
  readonly provider: string;
  readonly host: string;
  readonly device: string;
  readonly href: string;
  readonly error?: string;
  /** How many of everything that is listed. */
  readonly many: number;
}

const AT = new Date('2026-11-20T09:41:00Z');
const passkeyOptions = { challenge: 'AAAA', rpId: 'localhost', allowCredentials: [] };
const csrf = { name: 'csrf', value: 'a-token' };
const SCOPES = ['openid', 'email', 'data:read', 'data:write'];

/** Every page, by its name. */
export const pagesOf = (texts: Texts): Readonly<Record<string, string>> => ({ ...signIn(texts), ...others(texts) });

function signIn({ email, client: name, provider, href, error, many }: Texts): Record<string, string> {
  const form = { csrf, action: href, error };
  const client = many > 0 ? { name } : null;
  const passkey = many > 0 ? { action: href, options: { ...passkeyOptions, name } } : null;
  const providers = many > 0 ? [{ label: provider, href }] : [];
  const notice = many > 0 && !error ? 'Your new password is saved. Sign in with it.' : undefined;
  return {
    login: loginView({ ...form, client, passkey, providers, notice, ...(error && { email }) }),
    'confirm-identity': confirmIdentityView({ ...form, email, client, signOut: { action: href } }),
    'second-factor': secondFactorView({
      ...form,
      challenge: name,
      methods: many > 0 ? ['totp', 'recovery_code', 'passkey'] : ['recovery_code'],
      passkeyOptions,
      client,
    }),
    'second-factor-passkey': secondFactorView({
      ...form,
      challenge: name,
      methods: ['passkey', 'recovery_code'],
      passkeyOptions,
      client,
    }),
    'second-factor-recovery': secondFactorView({
      ...form,
      challenge: name,
      methods: ['totp', 'recovery_code'],
      tried: 'recovery_code',
      client,
    }),
    'second-factor-again': secondFactorView({
      ...form,
      challenge: '',
      methods: ['totp', 'passkey'],
      passkeyOptions,
      client,
      again: { email, signOut: { action: href } },
    }),
    'new-password': newPasswordView({ ...form, challenge: name, minLength: 15 }),
  };
}

function others(texts: Texts): Record<string, string> {
  const { client: name, href, error, many, host, device } = texts;
  const form = { csrf, action: href, error };
  const optional = many > 0 ? { client: { name } } : {};
  return {
    consent: consent(texts, many > 1),
    'consent-known': consent(texts, false),
    'device-code': deviceCodeView({ ...form, code: many > 1 ? name : undefined }),
    'device-confirm': deviceConfirmView({ ...form, code: 'WDJB-MJHT', client: { name }, address: host, agent: device }),
    'device-done': deviceDoneView({ client: { name }, allowed: true }),
    'device-refused': deviceDoneView({ client: { name }, allowed: false }),
    account: account(texts),
    'recovery-codes': recoveryCodesView({
      codes: Array.from({ length: 10 }, () => 'ABCD-EFGH-JKMN-PQRS-TVWX-YZ01'),
      next: href,
    }),
    'sign-out': signOutView({ ...form, ...optional }),
    'signed-out': signedOutView(optional),
    error: errorView({
      title: 'This sign-in has expired',
      sentence: error ?? 'It was open for too long. Go back to the app you came from, and start again.',
      requestId: '019ac0de-7f00-7cc1-8b3d-2f8f1c9d0a11',
      code: 'sign_in_expired',
      ...(many > 0 && { home: href }),
    }),
  };
}

const consent = ({ client, host, href, email, many }: Texts, isUnknown: boolean): string =>
  consentView({
    csrf,
    action: href,
    client: {
      name: client,
      id: client,
      redirectHost: host,
      madeBy: isUnknown ? (many > 5 ? 'itself' : 'user') : 'administrator',
    },
    user: { email },
    offline: many > 0,
    scopes: SCOPES.slice(0, many > 0 ? undefined : 1).map((scope, i) => ({
      scope,
      ...wordsOf(many > 5 ? client : scope),
      isNew: i === 3,
      required: i === 0,
    })),
  });

function account({ email, name, client, provider, host, device, many }: Texts): string {
  const each = <Item>(make: (i: number) => Item): Item[] => Array.from({ length: many }, (_, i) => make(i));
  return accountView({
    csrf,
    user: { email, displayName: many > 0 ? name : null, username: many > 0 ? name : null },
    sessions: each((i) => ({ id: client, client: device, network: host, lastUsedAt: AT, current: i === 0 })),
    grants: each((i) => ({
      id: client,
      name: client,
      scopes: SCOPES.map(wordsOf),
      createdAt: AT,
      lastUsedAt: i === 0 ? null : AT,
    })),
    keys: each((i) => ({
      id: client,
      name,
      prefix: 'rmp_live_4fT9',
      scopes: many > 5 ? [client, client] : ['data:read', 'data:write'],
      lastUsedAt: i === 0 ? AT : null,
      expiresAt: i === 0 ? null : AT,
    })),
    passkeys: each((i) => ({ id: client, name: device, createdAt: AT, lastUsedAt: i === 0 ? AT : null })),
    providers: each((i) => ({
      name: client,
      label: i === 0 ? provider : client,
      linked: i === 0,
      works: i === 0,
      canUnlink: i > 0,
    })),
    hasTotp: many > 0,
    canChange: true,
  });
}

const HOSTILE = `"><script>window.hacked=1</script><img src=x onerror="window.hacked=1">' onfocus='window.hacked=1' autofocus x='</title></textarea>\u202E{{window.hacked=1}}<!--`;

/** The kinds of texts. */
export const texts: Readonly<Record<'ordinary' | 'wrong' | 'empty' | 'long' | 'hostile', Texts>> = {
  ordinary: {
    email: 'ada@lovelace.example',
    name: 'Ada Lovelace',
    client: 'Acme Notes',
    provider: 'GitLab',
    host: 'notes.acme.example',
    device: 'Firefox on Linux',
    href: '/next',
    many: 2,
  },
  wrong: {
    email: 'ada@lovelace.example',
    name: 'Ada Lovelace',
    client: 'Acme Notes',
    provider: 'GitLab',
    host: '203.0.113.0/24',
    device: 'Safari on iPhone',
    href: '/next',
    error: 'That did not match. Check what you typed, and try again.',
    many: 1,
  },
  empty: { email: 'a@b.c', name: ' ', client: 'x', provider: 'y', host: 'x.y', device: '?', href: '/', many: 0 },
  long: {
    email: `${'x'.repeat(64)}@${'long.'.repeat(30)}example`,
    name: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(4),
    client: `${'Donaudampfschifffahrtsgesellschaft'.repeat(5)} ${'and a few more words '.repeat(8)}`,
    provider: 'W'.repeat(100),
    host: `${'sub.'.repeat(40)}example`,
    device: 'M'.repeat(200),
    href: `/${'a'.repeat(1000)}`,
    error: 'No '.repeat(100),
    many: 7,
  },
  hostile: {
    email: HOSTILE,
    name: HOSTILE,
    client: HOSTILE,
    provider: HOSTILE,
    host: HOSTILE,
    device: HOSTILE,
    href: `javascript:${HOSTILE}`,
    error: HOSTILE,
    many: 6,
  },
};
