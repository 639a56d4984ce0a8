import { isIP } from 'node:net';
import type { Env } from './env.js';
import { publicUrlOf } from './public-url.js';

/** Whom passkeys are made for (WebAuthn section 5.1.2): a domain, and the origins of the pages that may ask for them. */
export interface RelyingParty {
  /** Null where clients call this service by an address: an address is no relying party. */
  readonly id: string | null;
  readonly origins: readonly string[];
}

type Settings = Pick<Env, 'PASSKEY_RP_ID' | 'PASSKEY_ORIGINS' | 'PUBLIC_URL' | 'TLS_CERT_FILE' | 'PORT'>;

/** As the settings say, or as PUBLIC_URL does where they say nothing. */
export function relyingParty(env: Settings): RelyingParty {
  const publicUrl = publicUrlOf(env);
  const host = hostOf(publicUrl);
  const id = env.PASSKEY_RP_ID ?? (isAddress(host) ? null : host);
  return { id, origins: env.PASSKEY_ORIGINS.length > 0 ? env.PASSKEY_ORIGINS : [publicUrl] };
}

/** What is wrong with it where the settings say it: no browser would make or use a passkey, and nobody would know why. */
export function relyingPartyProblems(env: Settings): string[] {
  const { id, origins } = relyingParty(env);
  if (env.PASSKEY_RP_ID === undefined && env.PASSKEY_ORIGINS.length === 0) return [];
  if (id === null)
    return ['PASSKEY_RP_ID is missing: the host of PUBLIC_URL is an address, and passkeys need a domain'];
  if (origins.every((origin) => isWithin(hostOf(origin), id))) return [];
  return env.PASSKEY_RP_ID === undefined
    ? ['PASSKEY_ORIGINS must be at the host of PUBLIC_URL or below it, unless PASSKEY_RP_ID is set']
    : ['PASSKEY_RP_ID must be the host, or a domain above it, of each of PASSKEY_ORIGINS (of PUBLIC_URL unless set)'];
}

const hostOf = (origin: string): string => new URL(origin).hostname;

const isAddress = (host: string): boolean => isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0;

const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);
