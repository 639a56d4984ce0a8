// @ts-check
import { randomBytes } from 'node:crypto';
import { demoAuthorization } from './demo-client.mjs';
import { palette } from './progress.mjs';

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * @param {string} curl
 * @param {string} path
 * @param {object} body
 */
const post = (curl, path, body) =>
  `${curl}${path} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;

/**
 * @param {string} url
 * @param {import('./seed.mjs').Credentials | null} credentials
 * @param {string} [certificate]
 */
function examples(url, credentials, certificate) {
  const curl = curlOf(url, certificate);
  const { email, password } = credentials?.user ?? {};
  if (credentials && password) {
    return [
      `${curl}/health/ready`,
      post(curl, '/api/v1/auth/login', { email, password }),
      `${curl}/api/v1/data -H ${quoted(`X-API-Key: ${credentials.apiKey}`)}`,
    ];
  }
  const person = {
    email: `ada-${randomBytes(3).toString('hex')}@example.com`,
    password: randomBytes(15).toString('base64url'),
  };
  return [`${curl}/health/ready`, `${curl}/.well-known/jwks.json`, post(curl, '/api/v1/auth/register', person)];
}

/**
 * @param {string} url
 * @param {string} [certificate]
 */
const curlOf = (url, certificate) => `curl -s ${certificate ? `--cacert ${quoted(certificate)} ` : ''}${url}`;

/**
 * The credentials, in the one place they are ever shown.
 * @param {import('./seed.mjs').Credentials} credentials
 * @param {NodeJS.WriteStream} stream
 */
export function accounts({ admin, user, apiKey }, stream = process.stdout) {
  const paint = palette(stream);
  const row = (/** @type {string} */ name, /** @type {string} */ value) => `  ${paint.dim(name.padEnd(14))} ${value}`;
  const person = (/** @type {import('./seed.mjs').Account} */ { email, password }) =>
    `${email}  ${password ?? paint.dim('(with the password of SEED_ADMIN_PASSWORD)')}`;
  return [
    `  ${paint.yellow('Shown only now, keep what you need:')}`,
    row('Administrator', person(admin)),
    row('User', person(user)),
    row('API key', apiKey),
  ].join('\n');
}

/**
 * @typedef {object} ScreenFacts
 * @property {string} version
 * @property {string} node
 * @property {string} url
 * @property {string} database
 * @property {boolean} embedded
 * @property {import('./seed.mjs').Credentials | null} credentials
 * @property {boolean} watching
 * @property {boolean} mailbox whether mail is shown on a page
 * @property {string} [certificate] the file of one that nobody knows yet
 */

/**
 * What a person needs once the API listens.
 * @param {ScreenFacts} facts
 * @param {NodeJS.WriteStream} stream
 */
export function screen(facts, stream = process.stdout) {
  const { version, node, url, database, embedded, credentials, watching, mailbox, certificate } = facts;
  const paint = palette(stream);
  const row = (/** @type {string} */ name, /** @type {string} */ value) => `  ${paint.dim(name.padEnd(14))} ${value}`;
  const lines = ['', `  ${paint.bold(paint.green('Rampart'))} ${paint.dim(`${version} on Node ${node}`)}`, ''];
  lines.push(
    row('API', paint.bold(paint.cyan(url))),
    row('Documentation', paint.cyan(`${url}/docs`)),
    ...(mailbox ? [row('Mailbox', paint.cyan(`${url}/dev/mailbox`))] : []),
    row('Database', database),
  );
  if (certificate) lines.push(row('Certificate', `${certificate}, which a browser does not know`));
  if (embedded && !credentials) {
    lines.push(
      row('Accounts', 'shown at the first start; a new administrator: npm run admin:create -- you@example.com'),
    );
  }
  if (credentials) lines.push('', accounts(credentials, stream));
  lines.push(
    '',
    `  ${paint.dim('Try in another terminal:')}`,
    ...examples(url, credentials, certificate).map((line) => `  ${line}`),
    '',
  );
  if (credentials || embedded) {
    const { address, exchange } = demoAuthorization(url, curlOf(url, certificate));
    lines.push(
      `  ${paint.dim('Let the demo application in: sign in there as the user, and put the code of the last address behind the command')}`,
      `  ${paint.dim('(node examples/client.mjs does all of it):')}`,
      `  ${paint.cyan(address)}`,
      `  ${exchange}`,
      '',
    );
  }
  const hint = watching ? 'Watching src/ and migrations/. Ctrl-C stops everything.' : 'Ctrl-C stops everything.';
  lines.push(`  ${paint.dim(hint)}`, '');
  return `${lines.join('\n')}\n`;
}
