import type { Reached } from './app.js';
import type { TestCaller } from './callers.js';
import type { Answer } from './http.js';

export interface TestClient {
  readonly id: string;
  readonly secret: string | undefined;
}

/** A machine that acts for itself, with these changes. */
export async function aMachine(admin: TestCaller, overrides: Record<string, unknown> = {}): Promise<TestClient> {
  return aClient(admin, {
    name: 'A machine',
    applicationType: 'web',
    tokenEndpointAuthMethod: 'client_secret_basic',
    grantTypes: ['client_credentials'],
    redirectUris: [],
    scopes: ['data:read', 'data:write'],
    ...overrides,
  });
}

export async function aClient(owner: TestCaller, json: Record<string, unknown>): Promise<TestClient> {
  const { status, body } = await owner.call('POST', '/api/v1/oauth-clients', { json });
  if (status !== 201) throw new Error(`the client was not made: ${status} ${JSON.stringify(body)}`);
  return { id: body.id, secret: body.clientSecret };
}

export const basic = ({ id, secret }: TestClient): string =>
  `Basic ${Buffer.from(`${id}:${secret ?? ''}`).toString('base64')}`;

/** A request to an endpoint of the authorization server as applications make them. */
export function post(
  { call }: Pick<Reached, 'call'>,
  endpoint: string,
  form: Record<string, string> | [string, string][],
  client?: TestClient,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return call('POST', `/oauth/${endpoint}`, {
    raw: new URLSearchParams(form).toString(),
    type: 'application/x-www-form-urlencoded',
    headers: { ...(client?.secret && { authorization: basic(client) }), ...headers },
  });
}

/** A token of a machine for itself. */
export async function machineToken(
  app: Pick<Reached, 'call'>,
  client: TestClient,
  form: Record<string, string> = {},
): Promise<string> {
  const { status, body } = await post(app, 'token', { grant_type: 'client_credentials', ...form }, client);
  if (status !== 200) throw new Error(`no token: ${status} ${JSON.stringify(body)}`);
  return body.access_token;
}
