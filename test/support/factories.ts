import { randomBytes } from 'node:crypto';

const unique = (): string => randomBytes(6).toString('hex');

/** A registration nobody else uses. */
export const aPerson = (overrides: Record<string, unknown> = {}) => ({
  email: `person-${unique()}@example.com`,
  password: randomBytes(15).toString('base64url'),
  ...overrides,
});

/** A valid record. */
export const aRecord = (overrides: Record<string, unknown> = {}) => ({
  name: `record ${unique()}`,
  classification: 'internal',
  content: { numbers: [1, 2.5, null], nested: { constructor: 'Ferrari' } },
  tags: ['test'],
  ...overrides,
});

/** A valid key. */
export const aKey = (overrides: Record<string, unknown> = {}) => ({
  name: `key ${unique()}`,
  scopes: ['data:read'],
  ...overrides,
});

/** A valid client with a secret. */
export const aClient = (overrides: Record<string, unknown> = {}) => ({
  name: `client ${unique()}`,
  redirectUris: ['https://app.example.com/callback'],
  scopes: ['openid', 'data:read'],
  ...overrides,
});
