// A program that acts for a person: the authorization code with PKCE (RFC 7636), on a port of one's own machine (RFC 8252).
// Run it beside `npm start` with `node examples/client.mjs`, and open the address it prints.
import { createServer } from 'node:http';
import * as oidc from 'openid-client';

const issuer = new URL(process.env.ISSUER ?? 'http://localhost:3000/oauth');
const clientId = process.env.CLIENT_ID ?? '01936000-0000-7000-8000-00000000de30';
const redirect_uri = process.env.REDIRECT_URI ?? 'http://127.0.0.1:8765/callback';
const execute = issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : [];

const config = await oidc.discovery(issuer, clientId, undefined, oidc.None(), { execute });
const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
const expectedState = oidc.randomState();
const url = oidc.buildAuthorizationUrl(config, {
  redirect_uri,
  scope: 'openid email data:read',
  state: expectedState,
  code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
});
process.stdout.write(`Open ${url.href}\n`);

/** @param {URL} here */
async function finish(here) {
  const tokens = await oidc.authorizationCodeGrant(config, here, { pkceCodeVerifier, expectedState });
  const api = new URL('/api/v1/data', issuer);
  const answer = await fetch(api, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  return `Signed in as ${tokens.claims()?.sub ?? 'nobody'}; GET ${api.pathname} answers ${answer.status}.`;
}

const server = createServer(async ({ url: asked = '/' }, response) => {
  if (asked.includes('?')) {
    const outcome = finish(new URL(asked, redirect_uri)).catch((error) => `Not signed in: ${error.error ?? error}.`);
    process.stdout.write(`${await outcome}\n`);
    server.close();
  } else response.statusCode = 404; // A browser asks for an icon too.
  response.end('Done: you can close this page.');
}).listen(Number(new URL(redirect_uri).port), '127.0.0.1');
