import type { FastifyContextConfig, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { parseLimits } from '../config/limits.js';
import { Problem } from '../errors/problem.js';
import { FORM_TYPE } from '../security/form-body.js';

export const PREFIX = '/oauth';
/** The link has to fit into the headers of a request, and of an answer. */
const LONGEST_QUERY = 8_000;

/** Documents that say nothing of anybody: no tier of the limits but that of addresses. */
const DOCUMENTS = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks'];
/** Called by applications, also from pages of theirs: preflights are the library's. */
const BACK_CHANNEL = ['/token', '/revoke', '/introspect', '/par', '/device_authorization'];
/** Where browsers are sent. No page of another origin can read what is there. */
const FRONT_CHANNEL = ['/authorize', '/authorize/:uid', '/logout', '/logout/success', '/device', '/device/:uid'];

export interface Route {
  readonly methods: HTTPMethods[];
  readonly url: string;
  /** What the library is asked for, where that is not what comes behind the prefix. */
  readonly path?: string;
  readonly config: FastifyContextConfig;
}

const on = (methods: HTTPMethods[], paths: readonly string[], config: FastifyContextConfig = {}): Route[] =>
  paths.map((path) => ({ methods, url: PREFIX + path, config: { refusals: 'oauth', ...config } }));

export const routeTable: readonly Route[] = [
  ...on(['GET', 'OPTIONS'], DOCUMENTS, { addressLimitOnly: true }),
  // RFC 8414 section 3.1: the path of the issuer comes behind.
  {
    methods: ['GET', 'OPTIONS'],
    url: `/.well-known/oauth-authorization-server${PREFIX}`,
    path: '/.well-known/oauth-authorization-server',
    config: { addressLimitOnly: true, refusals: 'oauth' },
  },
  ...on(['POST', 'OPTIONS'], BACK_CHANNEL),
  ...on(['GET', 'POST', 'OPTIONS'], ['/userinfo']),
  ...on(['GET'], FRONT_CHANNEL, { refusals: 'page' }),
  ...on(['POST'], ['/logout/confirm'], { refusals: 'page' }),
  // What a person types from a screen: short.
  { methods: ['GET'], url: '/device', config: { refusals: 'page' } },
  // A person types a code of few bits.
  ...on(['POST'], ['/device'], { sensitive: true, refusals: 'page' }),
];

/** There only where a token for it is set: each call makes a client that stays. */
export const registrationRoutes: readonly Route[] = on(['POST'], ['/register'], {
  limits: parseLimits('20/hour'),
  refusals: 'registration',
});

type Fields = Record<string, string | string[]>;

/**
 * An authorization request that comes as a form goes on as a link: cookies that are not sent with a post of another site are sent
 * then. Fields that come twice stay so, and are refused there.
 */
export const authorizeByPost = {
  config: { refusals: 'page', consumes: [FORM_TYPE] } satisfies FastifyContextConfig,
  handler: async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const fields = Object.entries((request.body ?? {}) as Fields).flatMap(([name, value]) =>
      [value].flat().map((each): [string, string] => [name, each]),
    );
    const query = new URLSearchParams(fields).toString();
    if (query.length > LONGEST_QUERY) throw new Problem('url_too_long');
    return reply
      .code(303)
      .headers({ location: `${PREFIX}/authorize?${query}`, 'cache-control': 'no-store' })
      .send();
  },
};
