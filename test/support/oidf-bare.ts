import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AdapterPayload, type Client, type JWK, Provider } from 'oidc-provider';
import { freePort } from '../../scripts/lib/network.mjs';
import type { Browse, Visited } from './browse.js';
import { Clock } from './oidf-clock.js';
import { REDIRECT } from './oidf-ours.js';
import type { OidfServer, Person, Registered, Wish } from './oidf-server.js';

type Keys = { readonly keys: readonly object[] };

/** The library by itself: its own pages, its memory, and of its settings only those without which a module could not be run. */
export async function startBare(): Promise<OidfServer> {
  const port = await freePort();
  const bare = new Bare(`http://127.0.0.1:${port}`);
  await new Promise<void>((resolve) => bare.server.listen(port, '127.0.0.1', resolve));
  return bare;
}

class Bare implements OidfServer {
  readonly origin: string;
  readonly tellsLevels = false;
  readonly server: Server;
  private readonly keys: JWK[] = [aSigningKey()];
  private readonly clients = new Map<string, AdapterPayload>();
  private readonly people = new Map<string, Person>();
  private readonly clock = new Clock();
  private provider: Provider;

  constructor(readonly issuer: string) {
    this.origin = issuer;
    this.provider = this.make();
    this.server = createServer((request, response) => void this.provider.callback()(request, response));
  }

  async register({ method = 'client_secret_basic', redirectUris = [REDIRECT], jwks, isFapi }: Wish) {
    const [id, secret] = [randomUUID(), jwks ? undefined : randomUUID()];
    const metadata = {
      client_id: id,
      client_secret: secret,
      token_endpoint_auth_method: method,
      redirect_uris: [...redirectUris],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      jwks,
      ...(isFapi && { dpop_bound_access_tokens: true, require_pushed_authorization_requests: true }),
    } as AdapterPayload;
    // It is checked when it is read.
    this.clients.set(id, metadata);
    await this.provider.Client.find(id);
    return { id, secret };
  }

  async replaceKeys({ id }: Registered, jwks: Keys): Promise<void> {
    this.clients.set(id, { ...this.clients.get(id), jwks });
  }

  async person(): Promise<Person> {
    const id = randomUUID();
    const person = { id, email: `${id}@example.com`, password: 'any' };
    this.people.set(id, person);
    return person;
  }

  asks({ html, status }: Visited): 'login' | 'consent' | null {
    const [, prompt] = /name="prompt" value="(login|consent)"/.exec(html) ?? [];
    return status === 200 ? ((prompt as 'login' | 'consent' | undefined) ?? null) : null;
  }

  signIn(browser: Browse, { id, password }: Person): Promise<Visited> {
    return browser.submit({ login: id, password });
  }

  allow(browser: Browse): Promise<Visited> {
    return browser.submit();
  }

  refuse(browser: Browse): Promise<Visited> {
    return browser.get(`${browser.page?.url}/abort`);
  }

  async pass(seconds: number): Promise<void> {
    this.clock.forward(seconds);
  }

  async rotateKeys(): Promise<void> {
    this.keys.unshift(aSigningKey());
    this.provider = this.make();
  }

  async stop(): Promise<void> {
    this.clock.restore();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private make(): Provider {
    const { clients } = this;
    const isFapi = (client: Client | undefined) => client?.['requirePushedAuthorizationRequests'] === true;
    const provider = new Provider(this.issuer, {
      jwks: { keys: this.keys },
      cookies: { keys: ['of a test'], long: { sameSite: 'none' } },
      enableHttpPostMethods: true,
      responseTypes: ['code'],
      acrValues: ['aal1', 'aal2'],
      claims: {
        openid: ['sub'],
        profile: ['name', 'preferred_username', 'updated_at'],
        email: ['email', 'email_verified'],
      },
      clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      features: {
        dPoP: { enabled: true },
        pushedAuthorizationRequests: { enabled: true },
        fapi: { enabled: true, profile: (_ctx, client) => (isFapi(client) ? '2.0' : undefined) },
      },
      findAccount: (_ctx, sub) => ({
        accountId: sub,
        claims: () => ({
          sub,
          name: 'Somebody',
          preferred_username: sub,
          updated_at: 1,
          email: this.people.get(sub)?.email,
          email_verified: false,
        }),
      }),
    });
    provider.Client.find = async (id) => {
      const metadata = clients.get(id);
      const { Client } = provider as unknown as { Client: new (metadata: object) => Client };
      return metadata && new Client(metadata);
    };
    return provider;
  }
}

function aSigningKey(): JWK {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: randomUUID() };
}
