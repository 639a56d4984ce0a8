// @ts-check
import { randomBytes } from 'node:crypto';

/**
 * @typedef {{ email: string, password: string }} Person
 * @typedef {Person & { token: string, refreshToken: string }} Account
 */

/** @returns {Person} */
export const aPerson = () => ({
  email: `person-${randomBytes(6).toString('hex')}@example.com`,
  password: randomBytes(15).toString('base64url'),
});

/**
 * Registers somebody.
 * @param {import('./http-client.mjs').HttpClient} client
 */
export async function register(client) {
  const person = aPerson();
  const { status } = await client.call('POST', '/api/v1/auth/register', { json: person });
  if (status !== 202) throw new Error(`registration answered ${status}`);
  return person;
}

/**
 * @param {import('./http-client.mjs').HttpClient} client
 * @param {Person} person
 * @returns {Promise<Account>}
 */
export async function login(client, { email, password }) {
  const { status, body } = await client.call('POST', '/api/v1/auth/login', { json: { email, password } });
  if (status !== 200) throw new Error(`login answered ${status}`);
  return { email, password, token: body.access_token, refreshToken: body.refresh_token };
}

/** @param {import('./http-client.mjs').HttpClient} client */
export const anAccount = async (client) => login(client, await register(client));

/**
 * A key of this account.
 * @param {import('./http-client.mjs').HttpClient} client
 * @param {Account} account
 * @param {object} [overrides]
 * @returns {Promise<string>}
 */
export async function aKey(client, { token }, overrides = {}) {
  const json = { name: 'lab', scopes: ['data:read'], ...overrides };
  const { status, body } = await client.call('POST', '/api/v1/api-keys', { token, json });
  if (status !== 201) throw new Error(`the key was not made: ${status}`);
  return body.key;
}

export const aRecord = () => ({
  name: `record ${randomBytes(8).toString('hex')}`,
  classification: 'internal',
  content: { numbers: [1, 2.5, null] },
  tags: ['lab'],
});
