/** The modules of the OpenID Foundation's conformance suite for providers: the Basic, Config, Dynamic and FAPI 2.0 plans. */
const FAPI = 'fapi2-security-profile-final-';

const OPENID_CONNECT = [
  'oidcc-server',
  'oidcc-response-type-missing',
  'oidcc-idtoken-signature',
  'oidcc-userinfo-get',
  'oidcc-userinfo-post-header',
  'oidcc-userinfo-post-body',
  'oidcc-ensure-request-without-nonce-succeeds-for-code-flow',
  'oidcc-scope-profile',
  'oidcc-scope-email',
  'oidcc-alternate-happy-flow',
  'oidcc-display-page',
  'oidcc-display-popup',
  'oidcc-prompt-login',
  'oidcc-prompt-none-not-logged-in',
  'oidcc-prompt-none-logged-in',
  'oidcc-max-age-1',
  'oidcc-max-age-10000',
  'oidcc-ensure-request-with-unknown-parameter-succeeds',
  'oidcc-id-token-hint',
  'oidcc-login-hint',
  'oidcc-ui-locales',
  'oidcc-claims-locales',
  'oidcc-ensure-request-with-acr-values-succeeds',
  'oidcc-codereuse',
  'oidcc-codereuse-30seconds',
  'oidcc-ensure-registered-redirect-uri',
  'oidcc-ensure-post-request-succeeds',
  'oidcc-server-client-secret-post',
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported',
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported',
  'oidcc-claims-essential',
  'oidcc-ensure-request-object-with-redirect-uri',
  'oidcc-refresh-token',
  'oidcc-ensure-request-with-valid-pkce-succeeds',
  'oidcc-discovery-endpoint-verification',
  'oidcc-idtoken-rs256',
  'oidcc-ensure-redirect-uri-in-authorization-request',
  'oidcc-redirect-uri-query-OK',
  'oidcc-redirect-uri-query-mismatch',
  'oidcc-redirect-uri-query-added',
  'oidcc-redirect-uri-regfrag',
  'oidcc-server-rotate-keys',
  'oidcc-refresh-token-rp-key-rotation',
  'oidcc-ensure-client-assertion-with-iss-aud-succeeds',
];

const FAPI2 = [
  'discovery-end-point-verification',
  'user-rejects-authentication',
  'ensure-authorization-request-without-state-success',
  'ensure-authorization-request-without-nonce-success',
  'ensure-authorization-request-with-64-char-nonce-success',
  'ensure-other-scope-order-succeeds',
  'ensure-dpopproof-with-iat-10seconds-before-succeeds',
  'ensure-dpopproof-with-iat-10seconds-after-succeeds',
  'ensure-mismatched-dpop-jkt-fails',
  'ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt',
  'ensure-token-endpoint-fails-with-mismatched-dpop-jkt',
  'ensure-dpopproof-at-par-endpoint-binding-success',
  'ensure-dpop-auth-code-binding-success',
  'ensure-different-nonce-inside-and-outside-request-object',
  'ensure-different-state-inside-and-outside-request-object',
  'ensure-authorization-request-with-long-nonce',
  'ensure-authorization-request-with-long-state',
  'state-only-outside-request-object-not-used',
  'ensure-request-object-without-redirect-uri-fails',
  'ensure-registered-redirect-uri',
  'plain-fapi-tolerate-unregistered-redirect-uri',
  'ensure-unsigned-authorization-request-without-using-par-fails',
  'ensure-redirect-uri-in-authorization-request',
  'ensure-response-type-code-idtoken-fails',
  'ensure-response-type-token-fails',
  'ensure-client-id-in-token-endpoint',
  'ensure-holder-of-key-required',
  'ensure-authorization-code-is-bound-to-client',
  'attempt-reuse-authorization-code-after-one-second',
  'ensure-token-endpoint-fails-with-expired-auth-code',
  'ensure-signed-client-assertion-with-RS256-fails',
  'ensure-client-assertion-in-token-endpoint',
  'ensure-client-assertion-with-exp-is-5-minutes-in-past-fails',
  'ensure-client-assertion-with-wrong-aud-fails',
  'ensure-client-assertion-with-no-sub-fails',
  'dpop-negative-tests',
  'refresh-token',
  'par-ensure-reused-request-uri-prior-to-auth-completion-succeeds',
  'par-attempt-reuse-request_uri',
  'par-attempt-to-use-expired-request_uri',
  'par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted',
  'par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails',
  'par-attempt-to-use-request_uri-for-different-client',
  'par-authorization-request-containing-request_uri-form-param',
  'par-attempt-invalid-http-method',
  'par-ensure-pkce-required',
  'ensure-pkce-code-verifier-required',
  'incorrect-pkce-code-verifier-rejected',
  'par-plain-pkce-rejected',
  'par-without-duplicate-parameters',
  'par-test-array-as-audience-fails',
  'par-test-par-endpoint-url-as-audience-fails',
  'par-test-token-endpoint-url-as-audience-fails',
];

/** Each is a test of that name. */
export const ported: readonly string[] = [...OPENID_CONNECT, ...FAPI2.map((name) => FAPI + name)];

/** Those that ask for what this server does not do, by what that is. */
export const leftOut: Readonly<Record<string, readonly string[]>> = {
  'no ID token goes without a signature': ['oidcc-idtoken-unsigned'],
  'nobody has a postal address or a telephone number here': [
    'oidcc-scope-address',
    'oidcc-scope-phone',
    'oidcc-scope-all',
  ],
  'the UserInfo endpoint answers with JSON, which nothing signs': ['oidcc-userinfo-rs256'],
  'clients have no logo, policy or terms: they would be links of strangers on our pages': [
    'oidcc-registration-logo-uri',
    'oidcc-registration-policy-uri',
    'oidcc-registration-tos-uri',
  ],
  'nothing is fetched for a client, neither its keys nor its requests': [
    'oidcc-registration-jwks-uri',
    'oidcc-request-uri-unsigned',
    'oidcc-request-uri-signed-rs256',
  ],
  'a person has one identifier for all clients, so that there are no sectors': [
    'oidcc-registration-sector-uri',
    'oidcc-registration-sector-bad',
  ],
  'the claims parameter is off: people decide about scopes': [`${FAPI}test-claims-parameter-identity-claims`],
  'it is the profile of one market alone': [
    `${FAPI}australia-connectid-ensure-invalid-purpose-fails`,
    `${FAPI}ensure-server-handles-non-matching-intent-id`,
    `${FAPI}test-essential-acr-sca-claim`,
    `${FAPI}brazil-ensure-bad-payment-signature-fails`,
    `${FAPI}australia-connectid-test-claims-parameter-idtoken-identity-claims`,
  ],
};

/** Whether a title is that of a test of this module: the name stands in front. */
export const isOf = (title: string, module: string): boolean => title === module || title.startsWith(`${module}: `);

/** One line for whoever reads a run: how many modules did pass, and why others are none of ours. */
export function summaryOf(passed: number): string {
  const reasons = Object.entries(leftOut).map(([reason, modules]) => `${modules.length} because ${reason}`);
  const missing = ported.length - passed;
  return (
    `OIDF modules: ${passed} ported and passed, ${missing > 0 ? `${missing} failed or did not run, ` : ''}` +
    `${Object.values(leftOut).flat().length} left out (${reasons.join('; ')})`
  );
}
