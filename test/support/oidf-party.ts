import { randomUUID } from 'node:crypto';
import { exportJWK, exportPKCS8, importPKCS8 } from 'jose';
import * as client from 'openid-client';
import { Browse, type Visited } from './browse.js';
import { type Answer, callerOf } from './http.js';
import type { Asked, CodeOptions, Journey, Sent, Visitor } from './oidf-journey.js';
import { REDIRECT } from './oidf-ours.js';
import { anAssertion, aPair, aProof, type Claims, JWT_BEARER, type Pair, type ProofChanges } from './oidf-proofs.js';
import type { OidfServer, Person, Registered, Wish } from './oidf-server.js';

type Changes = Readonly<Record<string, string | undefined>>;

const plain = (changes: Changes): Record<string, string> =>
  Object.fromEntries(Object.entries(changes).filter((each): each is [string, string] => each[1] !== undefined));

/** A client that somebody else has written, and beside it the means to send what that one would refuse to. */
export class Party {
  private kid = 'first';

  private constructor(
    readonly server: OidfServer,
    readonly registered: Registered,
    readonly config: client.Configuration,
    readonly wish: Wish,
    private keys: Pair,
    readonly dpopKeys: Pair,
    private readonly alg: string,
  ) {}

  /** `alg` is that of the key of its own, where it signs. */
  static async start(server: OidfServer, wish: Wish = {}, alg = 'ES256'): Promise<Party> {
    const [keys, dpopKeys] = [await aPair(alg), await aPair('ES256')];
    const signs = wish.isFapi === true || wish.method === 'private_key_jwt';
    const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'first', alg }] };
    const whole: Wish = signs ? { method: 'private_key_jwt', jwks, ...wish } : wish;
    const registered = await server.register(whole);
    const proves = signs ? client.PrivateKeyJwt({ key: keys.privateKey, kid: 'first' }) : secretOf(whole, registered);
    const config = await client.discovery(new URL(server.issuer), registered.id, undefined, proves, {
      execute: [client.allowInsecureRequests],
    });
    return new Party(server, registered, config, whole, keys, dpopKeys, alg);
  }

  /** What a careful client sends, with these changes; undefined takes a parameter out. */
  async request(changes: Changes = {}): Promise<Asked> {
    const verifier = client.randomPKCECodeVerifier();
    const params = plain({
      response_type: 'code',
      client_id: this.registered.id,
      redirect_uri: this.wish.redirectUris?.[0] ?? REDIRECT,
      scope: 'openid',
      state: client.randomState(),
      nonce: client.randomNonce(),
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...changes,
    });
    return { params, verifier };
  }

  /** The link to the authorization endpoint: with the parameters, or pushed where the client has to. */
  async link({ params }: Asked): Promise<string> {
    if (this.wish.isFapi) return (await client.buildAuthorizationUrlWithPAR(this.config, params)).href;
    return this.plainLink(params);
  }

  plainLink(params: Changes): string {
    const { authorization_endpoint: endpoint } = this.config.serverMetadata();
    return `${endpoint}?${new URLSearchParams(plain(params)).toString()}`;
  }

  /** Whatever is asked is answered, as long as something is. */
  async travel(browser: Browse, person: Person, link: string): Promise<Journey> {
    return this.goOn(browser, person, await browser.get(link));
  }

  async goOn(browser: Browse, person: Person, from: Visited): Promise<Journey> {
    const asked: ('login' | 'consent')[] = [];
    let page = from;
    for (let what = this.server.asks(page); what && asked.length < 4; what = this.server.asks(page)) {
      asked.push(what);
      page = await (what === 'login' ? this.server.signIn(browser, person) : this.server.allow(browser));
    }
    return { page, asked, back: page.location === undefined ? undefined : new URL(page.location) };
  }

  /** The client checks what it gets: issuer, state, signature, audience, times, nonce. */
  async redeem({ params, verifier }: Asked, { back, page }: Journey) {
    if (!back) throw new Error(`no redirect, but ${page.status} ${page.html.slice(0, 300)}`);
    const checks = {
      pkceCodeVerifier: verifier,
      expectedState: params['state'],
      expectedNonce: params['nonce'],
      idTokenExpected: true,
      ...(params['max_age'] !== undefined && { maxAge: Number(params['max_age']) }),
    };
    const tokens = await client.authorizationCodeGrant(this.config, back, checks, undefined, this.handle());
    const claims = tokens.claims();
    if (!claims) throw new Error('no ID token');
    return { tokens, claims };
  }

  /** A whole flow. */
  async flow(changes: Changes = {}, visitor?: Visitor) {
    const { browser, person } = visitor ?? (await this.visitor());
    const asked = await this.request(changes);
    const journey = await this.travel(browser, person, await this.link(asked));
    return { browser, person, request: asked, journey, ...(await this.redeem(asked, journey)) };
  }

  /** Somebody in a browser of their own. */
  async visitor(): Promise<Visitor> {
    return { browser: new Browse(this.server.origin), person: await this.server.person() };
  }

  /** The same as far as to the code. */
  async code(changes: Changes = {}, { pushed, visitor }: CodeOptions = {}) {
    const asked = await this.request(changes);
    const who = visitor ?? (await this.visitor());
    const link = pushed ? await pushed(asked) : await this.link(asked);
    const journey = await this.travel(who.browser, who.person, link);
    return { ...who, request: asked, journey, form: this.codeForm(asked, journey) };
  }

  /** What the client would send for a code. */
  codeForm({ params, verifier }: Asked, { back }: Journey): Record<string, string> {
    const code = back?.searchParams.get('code');
    if (!code) throw new Error(`no code: ${back?.href}`);
    return {
      grant_type: 'authorization_code',
      code,
      redirect_uri: params['redirect_uri'] ?? '',
      code_verifier: verifier,
    };
  }

  handle(): client.DPoPOptions | undefined {
    return this.wish.isFapi ? { DPoP: client.getDPoPHandle(this.config, this.dpopKeys) } : undefined;
  }

  /** A request by hand, with the proofs of the client unless others are given. */
  async post(
    name: 'token_endpoint' | 'pushed_authorization_request_endpoint',
    form: Changes,
    { assertion, proof }: Sent = {},
  ): Promise<Answer> {
    const url = this.endpoint(name);
    const bound = this.wish.isFapi === true && name === 'token_endpoint';
    const dpop = proof === undefined ? (bound ? await this.proof('POST', url) : null) : proof;
    const jwt = assertion === undefined && this.wish.jwks ? await this.assertion() : (assertion ?? null);
    const fields = { ...form, ...(jwt !== null && { client_assertion_type: JWT_BEARER, client_assertion: jwt }) };
    const { id, secret } = this.registered;
    const basic = secret !== undefined && {
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    };
    return callerOf('')('POST', url, {
      raw: new URLSearchParams(plain(fields)).toString(),
      type: 'application/x-www-form-urlencoded',
      headers: { ...basic, ...(dpop !== null && { dpop }) },
    });
  }

  /** Pushes a request by hand. */
  push(params: Changes, sent: Sent = {}): Promise<Answer> {
    return this.post('pushed_authorization_request_endpoint', params, sent);
  }

  linkOf(requestUri: string): string {
    return this.plainLink({ client_id: this.registered.id, request_uri: requestUri });
  }

  /** A protected resource that knows the token. */
  userInfo(
    token: string,
    { proof, scheme, method = 'GET' }: { proof?: string | null; scheme?: string; method?: string } = {},
  ) {
    const headers = {
      authorization: `${scheme ?? (this.wish.isFapi ? 'DPoP' : 'Bearer')} ${token}`,
      ...(proof && { dpop: proof }),
    };
    return callerOf('')(method, this.endpoint('userinfo_endpoint'), { headers });
  }

  endpoint(name: keyof client.ServerMetadata): string {
    const value = this.config.serverMetadata()[name];
    if (typeof value !== 'string') throw new Error(`there is no ${name}`);
    return value;
  }

  /** Signed with the key of the client. */
  assertion(claims: Claims = {}, header: Claims = {}): Promise<string> {
    const me = { clientId: this.registered.id, issuer: this.server.issuer };
    return anAssertion(this.keys, me, claims, { alg: this.alg, kid: this.kid, ...header });
  }

  /** The same key, used by another algorithm than it is for. */
  async assertionBy(alg: string): Promise<string> {
    const der = await exportPKCS8(this.keys.privateKey);
    const keys = { ...this.keys, privateKey: await importPKCS8(der, alg) };
    const me = { clientId: this.registered.id, issuer: this.server.issuer };
    return anAssertion(keys, me, {}, { alg, kid: this.kid });
  }

  proof(htm: string, htu: string, { keys = this.dpopKeys, ...changes }: ProofChanges = {}): Promise<string> {
    return aProof(keys, htm, htu, changes);
  }

  /** The client puts a new key in the place of its own. */
  async rotateKey(): Promise<void> {
    this.keys = await aPair(this.alg);
    this.kid = randomUUID();
    const jwk = { ...(await exportJWK(this.keys.publicKey)), kid: this.kid, alg: this.alg };
    await this.server.replaceKeys(this.registered, { keys: [jwk] });
  }
}

const secretOf = ({ method }: Wish, { secret }: Registered): client.ClientAuth =>
  method === 'client_secret_post' ? client.ClientSecretPost(secret) : client.ClientSecretBasic(secret);
