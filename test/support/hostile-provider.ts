import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import { CREDENTIALS, serve, type TestServer } from './outside.js';

type Claims = Record<string, unknown>;

/** What it says in place of the truth. */
export interface Lie {
  readonly claims?: (honest: Claims) => Claims;
  readonly header?: { readonly alg: string; readonly kid?: string };
  readonly key?: KeyObject;
  /** Of the answer of the token endpoint, in place of it. */
  readonly answer?: { readonly status?: number; readonly body?: string; readonly location?: string };
}

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });

/** A key that no document of the provider has. */
export const strangerKey = rsa().privateKey;
export const clientSecretKey = createSecretKey(Buffer.from(CREDENTIALS.clientSecret));

export interface HostileProvider extends TestServer {
  lie: Lie;
  /** Codes that were sent to its token endpoint. */
  readonly redeemed: string[];
  /** Whether anything but the discovery document is there. */
  discovery: (honest: Claims) => Claims;
}

/** An OpenID provider that says whatever a test wants it to. Its codes are the nonces that it was asked with. */
export async function startHostile(): Promise<HostileProvider> {
  const { privateKey, publicKey } = rsa();
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  const server = await serve(async (request, response) => {
    const { pathname } = new URL(request.url ?? '', server.url);
    if (pathname === '/.well-known/openid-configuration')
      return json(response, provider.discovery(metadataOf(server.url)));
    if (pathname === '/jwks') return json(response, { keys: [jwk] });
    if (pathname !== '/token') return json(response, {}, 404);
    const code = new URLSearchParams(await textOf(request)).get('code') ?? '';
    provider.redeemed.push(code);
    const { answer } = provider.lie;
    if (answer) {
      response.writeHead(answer.status ?? 200, {
        'content-type': 'application/json',
        ...(answer.location && { location: answer.location }),
      });
      return response.end(answer.body ?? '{}');
    }
    const id_token = await idToken(server.url, code, provider.lie, privateKey);
    return json(response, { access_token: 'a', token_type: 'bearer', id_token });
  });
  const provider: HostileProvider = { ...server, lie: {}, redeemed: [], discovery: (honest) => honest };
  return provider;
}

const metadataOf = (issuer: string): Claims => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  id_token_signing_alg_values_supported: ['RS256'],
  authorization_response_iss_parameter_supported: true,
});

async function idToken(issuer: string, nonce: string, { claims, header, key }: Lie, own: KeyObject): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const honest = {
    iss: issuer,
    aud: CREDENTIALS.clientId,
    sub: 'hostile',
    nonce,
    iat: now,
    exp: now + 60,
    email: 'hostile@example.com',
    email_verified: true,
  };
  const payload = claims?.(honest) ?? honest;
  if (header?.alg === 'none') return new UnsecuredJWT(payload).encode();
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key ?? own);
}

function json(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
