import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { textOf } from './hostile-provider.js';
import { CREDENTIALS, serve, type TestServer } from './outside.js';

type Json = object | readonly object[];

/** A provider with an API of its own: it gives a token for a code that was asked for with the challenge of its verifier. */
export interface PlainServer extends TestServer {
  /** What its API answers by path; a number is a status. */
  answers: Record<string, Json | number>;
  /** What was asked of the API. */
  readonly asked: { path: string; query: URLSearchParams; agent: string | undefined }[];
  /** How often a code was brought to it. */
  redeemed: number;
  /** Comes back with a code for what it was sent. */
  back(asked: URL): string;
}

/** `tokenPath` is where codes are redeemed. */
export async function startPlain(tokenPath: string): Promise<PlainServer> {
  const challenges = new Map<string, string>();
  const server = await serve(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', server.url);
    if (pathname === tokenPath) {
      plain.redeemed += 1;
      return json(response, await tokenFor(request, challenges));
    }
    const isTheirs = request.headers.authorization?.toLowerCase() === `bearer ${TOKEN}`;
    plain.asked.push({ path: pathname, query: searchParams, agent: request.headers['user-agent'] });
    return json(response, isTheirs ? (plain.answers[pathname] ?? 404) : 401);
  });
  const plain: PlainServer = {
    ...server,
    answers: {},
    asked: [],
    redeemed: 0,
    back(asked) {
      const {
        state = '',
        code_challenge: challenge = '',
        redirect_uri: to = '',
      } = Object.fromEntries(asked.searchParams);
      const code = `code-${challenges.size}`;
      challenges.set(code, challenge);
      return `${to}?code=${code}&state=${state}`;
    },
  };
  return plain;
}

const TOKEN = 'a-token-of-theirs';
export const PROOF = createHmac('sha256', CREDENTIALS.clientSecret).update(TOKEN).digest('hex');

/** As GitHub does, it says what is wrong with 200. */
async function tokenFor(request: IncomingMessage, challenges: Map<string, string>): Promise<Json> {
  const {
    code = '',
    code_verifier = '',
    client_id,
    client_secret,
  } = Object.fromEntries(new URLSearchParams(await textOf(request)));
  const challenge = challenges.get(code);
  challenges.delete(code);
  const isOurs = client_id === CREDENTIALS.clientId && client_secret === CREDENTIALS.clientSecret;
  const isAsked = createHash('sha256').update(code_verifier).digest('base64url') === challenge;
  return isOurs && isAsked
    ? { access_token: TOKEN, token_type: 'bearer', scope: 'x' }
    : { error: 'bad_verification_code' };
}

function json(response: ServerResponse, body: Json | number): void {
  response.writeHead(typeof body === 'number' ? body : 200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(typeof body === 'number' ? {} : body));
}
