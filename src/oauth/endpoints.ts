import type { Configuration } from 'oidc-provider';

/** Where everything is, below the issuer. */
export const endpoints = {
  authorization: '/authorize',
  token: '/token',
  revocation: '/revoke',
  introspection: '/introspect',
  pushed_authorization_request: '/par',
  device_authorization: '/device_authorization',
  code_verification: '/device',
  end_session: '/logout',
  userinfo: '/userinfo',
  jwks: '/jwks',
  registration: '/register',
} satisfies Configuration['routes'];
