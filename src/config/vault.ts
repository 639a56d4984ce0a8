import { readFileSync } from 'node:fs';
import { isLoopback } from './loopback.js';
import type { SecretSource } from './secret-sources.js';

const TIMEOUT_MS = 3000;
const FORBIDDEN = 403;

/**
 * HashiCorp Vault, KV version 2: one secret whose keys are the names of the variables.
 * `VAULT_SECRET_PATH` is `<mount>/<path>`; the token comes from a file, as agents and Kubernetes write it.
 */
export async function vaultSource(env: NodeJS.ProcessEnv): Promise<SecretSource | undefined> {
  const { VAULT_ADDR: address, VAULT_TOKEN_FILE: tokenFile, VAULT_SECRET_PATH: path } = env;
  if (!address) return undefined;
  if (!tokenFile || !path) throw new RangeError('VAULT_ADDR needs VAULT_TOKEN_FILE and VAULT_SECRET_PATH beside it');
  const url = secretUrl(vaultUrl(address, env.NODE_ENV === 'production'), path);
  const secrets = await readSecret(url, tokenFile, namespaceHeader(env.VAULT_NAMESPACE));
  return {
    read(name) {
      const value = secrets.get(name);
      if (value === undefined || typeof value === 'string') return value;
      throw new RangeError('must be text in the vault');
    },
  };
}

/** The token and every secret cross this connection: in production in clear only within the machine (ASVS 12.3.1). */
function vaultUrl(address: string, production: boolean): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !['https:', 'http:'].includes(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new RangeError('VAULT_ADDR must be a URL such as https://vault.example.com:8200');
  }
  if (production && url.protocol !== 'https:' && !isLoopback(url.hostname)) {
    throw new RangeError('VAULT_ADDR must be an https URL in production');
  }
  return url;
}

function secretUrl({ origin, pathname }: URL, path: string): URL {
  const [mount, ...rest] = path.split('/').filter((part) => part !== '');
  if (!mount || rest.length === 0 || [mount, ...rest].some((part) => part === '.' || part === '..')) {
    throw new RangeError('VAULT_SECRET_PATH must be of the form <mount>/<path>');
  }
  const segments = [mount, 'data', ...rest].map(encodeURIComponent).join('/');
  return new URL(`${origin}${pathname.replace(/\/+$/, '')}/v1/${segments}`);
}

function namespaceHeader(namespace: string | undefined): Record<string, string> {
  if (!namespace) return {};
  if (!isVisible(namespace)) throw new RangeError('VAULT_NAMESPACE must be visible ASCII characters');
  return { 'x-vault-namespace': namespace };
}

/** Read for every request: an agent replaces the file when it renews the token. */
function readToken(file: string): string {
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch {
    throw new RangeError('VAULT_TOKEN_FILE names a file that cannot be read');
  }
  if (!isVisible(token)) throw new RangeError('VAULT_TOKEN_FILE names a file that holds no token');
  return token;
}

/** What may stand in a header, and nothing else. */
const isVisible = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);

async function readSecret(url: URL, tokenFile: string, headers: Record<string, string>): Promise<Map<string, unknown>> {
  const token = readToken(tokenFile);
  let answer = await ask(url, { ...headers, 'x-vault-token': token });
  if (answer.status === FORBIDDEN) {
    // The token may have been renewed in between; one that was not is refused once, not twice.
    const renewed = readToken(tokenFile);
    if (renewed !== token) answer = await ask(url, { ...headers, 'x-vault-token': renewed });
  }
  if (answer.status !== 200) {
    throw new RangeError(`VAULT_SECRET_PATH cannot be read: the vault answered ${answer.status}`);
  }
  const data = secretOf(answer.text);
  if (!data) throw new RangeError('VAULT_SECRET_PATH names no secret of KV version 2');
  return new Map(Object.entries(data));
}

async function ask(url: URL, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  try {
    // Not followed: a redirect could carry the token to another host.
    const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: response.status, text: await response.text() };
  } catch {
    throw new RangeError(`VAULT_ADDR names a vault that did not answer within ${TIMEOUT_MS / 1000} seconds`);
  }
}

/** `data.data` of the answer; KV version 1 has one level less. */
function secretOf(text: string): object | undefined {
  try {
    const { data } = (JSON.parse(text) as { data?: { data?: unknown } | null }) ?? {};
    return typeof data?.data === 'object' && !Array.isArray(data.data) ? (data.data ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}
