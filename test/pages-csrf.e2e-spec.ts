import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browse, formsOf } from './support/browse.js';
import { asAdmin } from './support/callers.js';
import { footprintOf } from './support/footprint.js';
import type { Answer } from './support/http.js';
import { pageForms, type ReadyForm, WITH_PROVIDER, type World, worldOf } from './support/page-forms.js';
import { startIssuer } from './support/relying-party.js';
import { startAppWithRoutes } from './support/routes.js';

const FORM = 'application/x-www-form-urlencoded';
const UNKNOWN = '0'.repeat(43);

let app: Awaited<ReturnType<typeof startAppWithRoutes>>;
let world: World;

beforeAll(async () => {
  app = await startIssuer(WITH_PROVIDER, 'localhost', startAppWithRoutes);
  world = await worldOf(app, await asAdmin(app));
});
afterAll(() => app.stop());

interface Sent {
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: boolean;
}

const rightful = ({ browser, action, fields }: ReadyForm): Sent => ({
  fields,
  headers: {
    accept: 'text/html',
    cookie: browser.cookieFor(action),
    origin: app.url,
    'sec-fetch-site': 'same-origin',
  },
});

const send = ({ action }: ReadyForm, { fields, headers, json }: Sent): Promise<Answer> =>
  app.call('POST', action, {
    raw: json ? JSON.stringify(fields) : new URLSearchParams(fields).toString(),
    type: json ? 'application/json' : FORM,
    headers: { ...headers },
  });

/** The token that the first page shows to a browser with these cookies. */
async function tokenWith(cookie: string): Promise<string> {
  const { text } = await app.call('GET', '/login', { headers: { cookie } });
  return Object.fromEntries(formsOf(text)[0]?.fields ?? [])['csrf'] ?? '';
}

type Tampering = (form: ReadyForm) => Sent | Promise<Sent>;
const withToken = (form: ReadyForm, value: string): Sent => {
  const sent = rightful(form);
  return { ...sent, fields: { ...sent.fields, [form.token]: value } };
};
const withHeaders = (form: ReadyForm, headers: Record<string, string>): Sent => {
  const sent = rightful(form);
  return { ...sent, headers: { ...sent.headers, ...headers } };
};

const tamperings: Readonly<Record<string, Tampering>> = {
  'without a token': (form) => {
    const { [form.token]: _, ...fields } = form.fields;
    return { ...rightful(form), fields };
  },
  'with an empty token': (form) => withToken(form, ''),
  'with an invented token': (form) => withToken(form, UNKNOWN),
  'with the token of another browser': async (form) => {
    const other = new Browse(app.url);
    await other.get(form.token === 'xsrf' ? '/oauth/device' : '/login');
    return withToken(form, formsOf(other.page.html)[0]?.fields.find(([name]) => name === form.token)?.[1] ?? '');
  },
  'with the token of this browser before it signed in, or of a session that is over': async (form) => {
    const { browser } = form;
    const before = `__Host-form=${browser.cookies().get('__Host-form')?.value}`;
    const isSignedIn = browser.cookies().has('__Host-session');
    return withToken(form, await tokenWith(isSignedIn ? before : `${before}; __Host-session=${UNKNOWN}`));
  },
  'from another site': (form) => withHeaders(form, { origin: 'https://evil.example' }),
  'from a page that does not say whose it is': (form) => withHeaders(form, { origin: 'null' }),
  'from another site, by what the browser says': (form) => withHeaders(form, { 'sec-fetch-site': 'cross-site' }),
  'from a neighbour': (form) => withHeaders(form, { 'sec-fetch-site': 'same-site' }),
  'without the cookies': (form) => withHeaders(form, { cookie: '' }),
  'as JSON': (form) => ({ ...rightful(form), json: true }),
};

/** A page, with a status that says whose fault it is. */
function refusal({ status, headers }: Answer): string {
  const isPage = headers.get('content-type')?.startsWith('text/html') === true;
  return [400, 403, 415].includes(status) && isPage ? 'refused' : `${status} ${headers.get('content-type')}`;
}

describe('every form of a page', () => {
  it('is looked at here', () => {
    const declared = app.registered.filter(({ method, config }) => method === 'POST' && config.refusals === 'page');
    const routes = declared.map(({ method, path }) => `${method} ${path}`);
    // A request of an application: it is sent on as a link, which does nothing but ask.
    expect(routes.filter((route) => route !== 'POST /oauth/authorize').toSorted()).toEqual(
      Object.keys(pageForms).toSorted(),
    );
  });

  it.each(Object.entries(pageForms))('%s: does nothing that the person did not do on our page', async (_, prepare) => {
    let form = await prepare(world);
    const answers: Record<string, unknown> = {};
    for (const [name, tamper] of Object.entries(tamperings)) {
      // The library takes its own token once, right or wrong.
      if (form.token === 'xsrf') form = await prepare(world);
      answers[name] = await outcomeOf(async () => refusal(await send(form, await tamper(form))));
    }
    const headers = { cookie: form.browser.cookieFor(form.action) };
    answers['by GET'] = await outcomeOf(async () =>
      (await app.call('GET', form.action, { headers })).status < 500 ? 'refused' : 'failed',
    );
    expect(answers).toEqual(Object.fromEntries(Object.keys(answers).map((name) => [name, ['refused', []]])));
    if (form.token === 'xsrf') form = await prepare(world);
    const { status } = await send(form, rightful(form));
    expect([200, 303, 422]).toContain(status);
  });
});

/** What came of it, and what it has written. */
async function outcomeOf(work: () => Promise<string>): Promise<[answer: string, written: string[]]> {
  const before = await written();
  const answer = await work();
  const after = await written();
  return [answer, Object.keys(after).filter((table) => after[table] !== before[table])];
}

/** But for what comes with a page: the challenge of a passkey that somebody could sign in with, and the next token of the library. */
async function written(): Promise<Record<string, unknown>> {
  const { challenges: _, oauth_artifacts: __, ...rest } = await footprintOf(app.db);
  const sql = `SELECT kind, count(*) AS count, count(session_id) AS signed_in, max(md5(sealed)) FILTER (WHERE kind <> 'Session') AS sum
    FROM oauth_artifacts GROUP BY kind ORDER BY kind`;
  const kept = (await app.db.query<{ kind: string; count: string; signed_in: string }>(sql)).map((row) =>
    row.kind === 'Session' ? { ...row, count: row.signed_in } : row,
  );
  return { ...rest, oauth_artifacts: JSON.stringify(kept) };
}
