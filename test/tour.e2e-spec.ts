import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../scripts/lib/network.mjs';
import { startApp, type TestApp } from './support/app.js';
import { asAdmin } from './support/callers.js';

interface Block {
  readonly title: string;
  readonly commands: string;
  readonly expected: string;
}

const MARK = '--- end of a block ---';
const page = readFileSync('docs/tour.md', 'utf8');
const blocks = blocksOf(page);
const oauthBlocks = blocksOf(readFileSync('docs/tour-oauth.md', 'utf8'));
const missing = ['bash', 'curl'].filter((tool) => spawnSync(tool, ['--version']).error);

/** The limits are the ones a person meets. */
const defaults = {
  RATE_LIMIT_ADDRESS: '',
  RATE_LIMIT_ANONYMOUS: '',
  RATE_LIMIT_PRINCIPAL: '',
  RATE_LIMIT_SENSITIVE: '',
};

// `npm test` needs Node and npm alone; what runs the tests of every change must have both tools.
const skipped = missing.length > 0 && !process.env.CI;

describe.skipIf(skipped)(`docs/tour.md${skipped ? ` needs ${missing.join(' and ')}, which is not here` : ''}`, () => {
  let app: TestApp;
  let printed: string[] = [];
  let mail: string;

  beforeAll(async () => {
    mail = mkdtempSync(join(tmpdir(), 'rampart-tour-'));
    app = await startApp({ ...defaults, MAIL_DIR: mail });
    printed = await run(blocks, app.url);
  });

  afterAll(async () => {
    await app.stop();
    rmSync(mail, { recursive: true });
  });

  it.each(blocks.map((block, index) => ({ ...block, index })))('$index $title', ({ expected, index }) => {
    expect(masked(printed[index] ?? '', expected)).toBe(expected);
  });
});

describe.skipIf(skipped)(
  `docs/tour-oauth.md${skipped ? ` needs ${missing.join(' and ')}, which is not here` : ''}`,
  () => {
    let app: TestApp;
    let printed: string[] = [];

    beforeAll(async () => {
      const port = await freePort();
      const settings = { PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` };
      // Two more than a person has: the administrator of the first start registers and logs in here.
      app = await startApp({ ...defaults, ...settings, RATE_LIMIT_SENSITIVE: '7/minute' });
      const { email: ADMIN_EMAIL, password: ADMIN_PASSWORD } = await asAdmin(app);
      printed = await run(oauthBlocks, app.url, { ADMIN_EMAIL, ADMIN_PASSWORD });
    });

    afterAll(() => app.stop());

    it.each(oauthBlocks.map((block, index) => ({ ...block, index })))('$index $title', ({ expected, index }) => {
      expect(masked(printed[index] ?? '', expected)).toBe(expected);
    });
  },
);

describe('the text of docs/tour.md', () => {
  it('has an expected output under every block of commands, and nothing else in fences', () => {
    expect(page.match(/^```[a-z]+$/gm)).toEqual(blocks.flatMap(() => ['```sh', '```text']));
    expect(blocks.length).toBeGreaterThan(20);
  });

  it('shows the refusal of every layer', () => {
    const shown = new Set(blocks.flatMap(({ expected }) => expected.match(/^\d{3} [a-z_]+$/gm) ?? []));
    expect([...shown].toSorted()).toEqual(REFUSALS);
  });
});

const REFUSALS = [
  '400 body_forbidden_member',
  '400 body_invalid_number',
  '400 body_invalid_string',
  '400 body_malformed',
  '400 credentials_ambiguous',
  '400 cursor_invalid',
  '400 request_malformed',
  '400 url_malformed',
  '400 validation_failed',
  '401 authentication_required',
  '401 key_invalid',
  '401 refresh_token_invalid',
  '401 step_up_required',
  '401 token_invalid',
  '403 first_party_required',
  '403 insufficient_scope',
  '403 role_required',
  '403 scope_not_held',
  '404 not_found',
  '405 method_not_allowed',
  '409 not_deleted',
  '412 precondition_failed',
  '413 body_too_large',
  '415 media_type_unsupported',
  '422 idempotency_key_reused',
  '428 precondition_required',
  '429 rate_limited',
];

/** Each block of commands with the block of output that follows it. */
function blocksOf(text: string): Block[] {
  const pairs = text.matchAll(/(?<prose>[^\n]+)\n\n```sh\n(?<commands>.*?)^```\n\n```text\n(?<expected>.*?)^```$/gms);
  return [...pairs].map(({ groups }) => ({
    title: groups?.prose ?? '',
    commands: groups?.commands ?? '',
    expected: groups?.expected ?? '',
  }));
}

/** Runs the blocks in one shell, as a person pastes them; what each printed, errors included. */
async function run(all: readonly Block[], baseUrl: string, given: Record<string, string> = {}): Promise<string[]> {
  const script = all.map(({ commands }) => `${commands}echo '${MARK}'\n`).join('');
  const { PATH = '', ...rest } = process.env;
  const env = { ...rest, PATH: [dirname(process.execPath), PATH].join(delimiter), BASE_URL: baseUrl, ...given };
  const { stdout } = await promisify(execFile)('bash', ['-c', `exec 2>&1\n${script}`], { env, timeout: 60_000 });
  return stdout.split(`${MARK}\n`).slice(0, -1);
}

/** The printed lines, with `…` wherever the page has one: what differs from run to run. At least one character stands for it. */
function masked(actual: string, expected: string): string {
  const lines = expected.split('\n');
  return actual
    .split('\n')
    .map((line, at) => (matches(line, lines[at] ?? '') ? lines[at] : line))
    .join('\n');
}

function matches(line: string, pattern: string): boolean {
  const [before = '', after] = pattern.split('…');
  return (
    after !== undefined && line.length > before.length + after.length && line.startsWith(before) && line.endsWith(after)
  );
}
