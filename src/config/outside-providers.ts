import { isLoopback } from './loopback.js';

export const providerKinds = ['oidc', 'github', 'facebook'] as const;
export type ProviderKind = (typeof providerKinds)[number];

/** Somebody else by whom people can sign in. */
export interface OutsideProviderSettings {
  readonly kind: ProviderKind;
  /** In addresses, and what accounts are linked by: it belongs to one issuer for good. */
  readonly name: string;
  /** On buttons. */
  readonly label: string;
  readonly issuer: string;
  /** Where those are asked who is there that are no OpenID providers. */
  readonly apiUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
}

type Known = Pick<OutsideProviderSettings, 'issuer' | 'apiUrl' | 'scopes'>;

/** What need not be said of each kind. */
const KNOWN: Readonly<Record<ProviderKind, Known>> = {
  oidc: { issuer: '', apiUrl: '', scopes: ['openid', 'email', 'profile'] },
  github: {
    issuer: 'https://github.com/login/oauth',
    apiUrl: 'https://api.github.com',
    scopes: ['read:user', 'user:email'],
  },
  facebook: {
    issuer: 'https://www.facebook.com',
    apiUrl: 'https://graph.facebook.com/v23.0',
    scopes: ['public_profile', 'email'],
  },
};

const MEMBERS: ReadonlySet<string> = new Set([
  'kind',
  'name',
  'label',
  'issuer',
  'apiUrl',
  'clientId',
  'clientSecret',
  'scopes',
]);
const MOST = 20;
const MOST_SCOPES = 20;
const NAME = /^[a-z0-9-]{1,30}$/;
/** RFC 6749 appendix A: VSCHAR, and a token of `scope`. */
const VISIBLE = /^[\x20-\x7e]{1,1000}$/;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;
const LABEL = /^(?=\S)\P{Cc}{1,50}$/u;

type Entry = Readonly<Record<string, unknown>>;

/** A list in JSON. Throws RangeError that says which provider is wrong, and in what, without a value. */
export function outsideProviders(text: string): readonly OutsideProviderSettings[] {
  const entries = listOf(text);
  if (entries.length > MOST) throw new RangeError(`must name at most ${MOST} providers`);
  const providers = entries.map((entry, i) => providerOf(entry, `in provider ${i + 1}`));
  if (new Set(providers.map(({ name }) => name)).size < providers.length) {
    throw new RangeError('must give each provider a name of its own');
  }
  return providers;
}

function listOf(text: string): Entry[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = undefined;
  }
  if (Array.isArray(list) && list.every((each) => typeof each === 'object' && each !== null)) return list as Entry[];
  throw new RangeError('must be a list of objects in JSON');
}

function providerOf(entry: Entry, place: string): OutsideProviderSettings {
  const demand = (isRight: boolean, member: string, rule: string) => {
    if (!isRight) throw new RangeError(`${place}: ${member} ${rule}`);
  };
  demand(
    Object.keys(entry).every((member) => MEMBERS.has(member)),
    'a member',
    `is none of ${[...MEMBERS].join(', ')}`,
  );
  const { kind = 'oidc' } = entry as { kind?: ProviderKind };
  demand(providerKinds.includes(kind), 'kind', `must be one of ${providerKinds.join(', ')}`);
  const provider = { kind, ...KNOWN[kind], ...entry } as OutsideProviderSettings;
  const { name, label, issuer, apiUrl, clientId, clientSecret, scopes } = provider;
  demand(isText(name, NAME), 'name', 'must have 1 to 30 of a-z, 0-9 and -');
  demand(isText(label, LABEL), 'label', 'must have 1 to 50 characters');
  demand(isEndpoint(issuer), 'issuer', 'must be an https URL without query');
  demand(
    kind === 'oidc' ? apiUrl === '' : isEndpoint(apiUrl),
    'apiUrl',
    'is for GitHub and Facebook, and an https URL',
  );
  demand(isText(clientId, VISIBLE), 'clientId', 'must be visible ASCII characters');
  demand(isText(clientSecret, VISIBLE), 'clientSecret', 'must be visible ASCII characters');
  demand(areScopes(scopes), 'scopes', 'must be a list of scopes');
  demand(kind !== 'oidc' || scopes.includes('openid'), 'scopes', 'must have openid');
  return provider;
}

const isText = (value: unknown, pattern: RegExp): boolean => typeof value === 'string' && pattern.test(value);

const areScopes = (scopes: unknown): boolean =>
  Array.isArray(scopes) &&
  scopes.length > 0 &&
  scopes.length <= MOST_SCOPES &&
  scopes.every((scope) => isText(scope, SCOPE));

/** In clear on this machine alone. */
function isEndpoint(text: unknown): boolean {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (!url || url.username || url.password || url.search || url.hash || String(text).endsWith('#')) return false;
  return url.protocol === 'https:' || isPlain(url);
}

const isPlain = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && isLoopback(hostname);

/** Codes and secrets cross these connections: in production never in clear (ASVS 12.3.1). */
export function outsideProviderProblems(env: {
  readonly NODE_ENV: string;
  readonly OIDC_PROVIDERS: readonly OutsideProviderSettings[];
}): string[] {
  const urls = env.OIDC_PROVIDERS.flatMap(({ issuer, apiUrl }) => [issuer, apiUrl]);
  const plain = env.NODE_ENV === 'production' && urls.some((url) => url.startsWith('http:'));
  return plain ? ['OIDC_PROVIDERS must have https URLs in production'] : [];
}
