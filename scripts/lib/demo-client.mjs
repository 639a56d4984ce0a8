// @ts-check
import { createHash, randomBytes } from 'node:crypto';

/** The client of a seeded database; `src/cli/seed.ts` makes it. */
const CLIENT_ID = '01936000-0000-7000-8000-00000000de30';
const REDIRECT_URI = 'http://127.0.0.1:8765/callback';

/**
 * An address at which a person lets the demo application in, and the command that changes the code it ends with for tokens.
 * @param {string} url
 * @param {string} curl
 */
export function demoAuthorization(url, curl) {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: CLIENT_ID,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid email data:read',
    state: randomBytes(8).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const form = [
    'grant_type=authorization_code',
    `client_id=${CLIENT_ID}`,
    `redirect_uri=${REDIRECT_URI}`,
    `code_verifier=${verifier}`,
  ];
  return {
    address: `${url}/oauth/authorize?${query.toString()}`,
    exchange: `${curl}/oauth/token ${form.map((each) => `-d ${each}`).join(' ')} -d code=`,
  };
}
