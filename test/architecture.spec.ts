import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { functionsIn, moduleExports, readSources, type SourceFile, undocumented } from './support/source.js';

/** From the top down: a file imports from its own row and from the rows below, never from above. */
const ROWS = [
  ['cli', 'root'],
  ['privacy'],
  [
    'users',
    'auth',
    'api-keys',
    'oauth-clients',
    'oauth',
    'sign-in',
    'outside-providers',
    'account',
    'data',
    'security-events',
    'challenges',
    'attempts',
    'passkeys',
    'mfa',
    'health',
    'docs',
  ],
  ['security', 'audit', 'mail', 'pages', 'database'],
  ['errors', 'config'],
] as const;
const FEATURES: ReadonlySet<string> = new Set([...ROWS[1], ...ROWS[2]]);

/** What reaches into a feature past the services its module exports, and why that is right. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'src/account/passkeys-page.controller.ts -> src/passkeys/passkeys.dto.ts':
    'one rule of what a new passkey is, for all who may make one',
  'src/app.setup.ts -> src/docs/build-document.ts': 'the document can only be made of a whole application',
  'src/auth/auth.dto.ts -> src/users/users.dto.ts': 'one rule of what a username is, for all who may set one',
  'src/auth/login-steps.dto.ts -> src/mfa/mfa.dto.ts': 'one rule of what a code of an authenticator is',
  'src/auth/login-steps.dto.ts -> src/passkeys/passkey-response.ts':
    'one rule of what an assertion is, for all who take one',
  'src/auth/login-steps.service.ts -> src/users/user.entity.ts': 'the type of what the exported service answers',
  'src/auth/passkey-login.dto.ts -> src/passkeys/passkey-response.ts':
    'one rule of what an assertion is, for all who take one',
  'src/cli/people.ts -> src/auth/new-password.ts': 'one rule of what a password is, for all who may set one',
  'src/cli/people.ts -> src/users/user.entity.ts': 'the type of what the exported service answers',
  'src/mfa/second-factors.service.ts -> src/passkeys/passkey-response.ts': 'the type of what its service verifies',
  'src/oauth/accounts.ts -> src/users/user.entity.ts': 'the type of what the exported service answers',
  'src/oauth/browser-sessions.service.ts -> src/auth/sessions.service.ts':
    'the type of what the exported service answers',
  'src/oauth/client-metadata.ts -> src/oauth-clients/oauth-client.entity.ts':
    'the type of what the exported service answers',
  'src/oauth/exchange.ts -> src/oauth-clients/oauth-client.entity.ts': 'the type of what the exported service answers',
  'src/oauth/oauth-provider.service.ts -> src/oauth-clients/oauth-client.entity.ts':
    'the type of what the exported service answers',
  'src/oauth/registration-request.ts -> src/oauth-clients/oauth-clients.dto.ts':
    'one rule of what a client is, for all who may make one',
  'src/outside-providers/outside-sign-in.service.ts -> src/auth/sessions.service.ts':
    'the type of what the exported service answers',
  'src/privacy/export.service.ts -> src/users/users.dto.ts': 'an export shows rows as their feature shows them',
  'src/sign-in/consent.controller.ts -> src/oauth/consent.service.ts': 'one rule of which scopes nobody unticks',
  'src/sign-in/form-inputs.ts -> src/auth/login-steps.dto.ts': 'forms are held to what the API takes',
  'src/sign-in/form-inputs.ts -> src/auth/passkey-login.dto.ts': 'forms are held to what the API takes',
  'src/sign-in/forms.dto.ts -> src/auth/new-password.ts': 'one rule of what a password is, for all who may set one',
  'src/sign-in/sign-in.service.ts -> src/auth/login-steps.service.ts': 'the type of what the exported service answers',
  'src/sign-in/sign-in.service.ts -> src/auth/new-password.ts':
    'one rule of what a password is, for all who may set one',
  'src/sign-in/sign-in.service.ts -> src/auth/sessions.service.ts': 'the type of what the exported service answers',
  'src/sign-in/waiting.service.ts -> src/oauth/browser-sessions.service.ts':
    'the type of what the exported service answers',
  'src/sign-in/waiting.service.ts -> src/oauth/interactions.service.ts':
    'the type of what the exported service answers',
};

const all = readSources('src/**/*.ts');
const sources = all.filter(({ path }) => !path.endsWith('.spec.ts'));
const byPath = new Map(sources.map((file) => [file.path, file]));
const functions = sources.flatMap(functionsIn);

const folderOf = (path: string): string => (path.split('/').length === 2 ? 'root' : (path.split('/')[1] ?? ''));
const rowOf = (path: string): number => ROWS.findIndex((row) => (row as readonly string[]).includes(folderOf(path)));
const edges = sources.flatMap(({ path, imports }) => imports.map((each) => ({ path, ...each })));

describe('imports', () => {
  it('finds the code it judges', () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(edges.length).toBeGreaterThan(300);
    expect(edges.filter(({ target }) => !byPath.has(target))).toEqual([]);
  });

  it('gives every folder a row', () => {
    expect(sources.filter(({ path }) => rowOf(path) < 0).map(({ path }) => path)).toEqual([]);
  });

  it('point one way, those of types too', () => {
    expect(edges.filter(({ path, target }) => rowOf(target) < rowOf(path)).map(arrow)).toEqual([]);
  });

  it('make no cycle of folders', () => {
    const folders = edges.map(({ path, target }) => [folderOf(path), folderOf(target)] as const);
    expect(cycleIn(folders.filter(([from, to]) => from !== to))).toEqual([]);
  });

  // Types may go in a circle within a folder: a cycle of them is gone once compiled, and between folders there is none.
  it('make no cycle of files that is left once compiled', () => {
    const values = edges.filter(({ typeOnly }) => !typeOnly);
    expect(cycleIn(values.map(({ path, target }) => [path, target] as const))).toEqual([]);
  });

  it('reach a feature from outside only through its module and the services that exports', () => {
    const exported = new Map(sources.filter(isModule).map((file) => [folderOf(file.path), moduleExports(file)]));
    const reaching = edges.filter(({ path, target, names }) => {
      const feature = folderOf(target);
      if (!FEATURES.has(feature) || feature === folderOf(path)) return false;
      if (isModule({ path }) && isModule({ path: target })) return false;
      return !names.every((name) => exported.get(feature)?.includes(name));
    });
    // Both ways: an exception that nothing needs any more goes.
    expect(reaching.map(arrow).toSorted()).toEqual(Object.keys(EXCEPTIONS));
  });

  it('name packages that production installs, and no alias', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object };
    const foreign = sources.flatMap(({ path, packages }) =>
      packages
        .filter((name) => !name.startsWith('node:'))
        .filter((name) => !(name.split('/', name.startsWith('@') ? 2 : 1).join('/') in dependencies))
        .map((name) => `${path} -> ${name}`),
    );
    expect(foreign).toEqual([]);
  });
});

describe('process.env', () => {
  it('is read in config/ alone', () => {
    const reads = /\bprocess\s*(\??\.\s*env\b|\[)|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b|from 'node:process'/;
    expect(sources.filter(({ text }) => reads.test(text)).map(({ path }) => path)).toEqual(['src/config/env.ts']);
  });
});

describe('transactions', () => {
  it('are begun in one place, which repeats those that lost against another', () => {
    const begun = /\.\s*(transaction|startTransaction)\s*\(|@Transactional\b|\bSTART TRANSACTION\b|['"`]BEGIN\b/;
    // Roles are made once, by an administrator's command on a connection of its own, beside nobody.
    expect(sources.filter(({ text }) => begun.test(text)).map(({ path }) => path)).toEqual([
      'src/database/roles.ts',
      'src/database/transaction.ts',
    ]);
  });
});

describe('size', () => {
  it('of files: a median of 45 lines, nine of ten within 120, none above 250', () => {
    const lines = sources.map((file) => file.lines);
    expect({ median: quantile(lines, 0.5), p90: quantile(lines, 0.9) }).toSatisfy(
      ({ median, p90 }) => median <= 45 && p90 <= 120,
    );
    const everything = [...all, ...readSources('test/**/*.ts'), ...readSources('migrations/*.ts')];
    expect(everything.filter((file) => file.lines > 250).map(({ path, lines: n }) => `${path} ${n}`)).toEqual([]);
  });

  it('of functions: nine of ten within 25 lines, none above 50', () => {
    expect(functions.length).toBeGreaterThan(400);
    expect(
      quantile(
        functions.map(({ lines }) => lines),
        0.9,
      ),
    ).toBeLessThanOrEqual(25);
    expect(functions.filter(({ lines }) => lines > 50)).toEqual([]);
  });
});

describe('names', () => {
  it('are kebab-case, in folders that say what they are about', () => {
    const bad = all.filter(({ path }) => !/^src\/([a-z-]+\/)?[a-z][a-z0-9-]*(\.[a-z-]+)*\.ts$/.test(path));
    expect(bad.map(({ path }) => path)).toEqual([]);
    expect(all.filter(({ path }) => /\/(utils?|helpers?|common|core|shared|lib|misc)[/.]/.test(path))).toEqual([]);
  });

  it('are not hidden behind barrels', () => {
    const barrels = sources.filter(({ path, text }) => path.endsWith('/index.ts') || text.includes('export * from'));
    expect(barrels.map(({ path }) => path)).toEqual([]);
    const forwarded = sources.filter(({ text }) => /^export (type )?\{[^}]*\} from/m.test(text));
    expect(forwarded.map(({ path }) => path)).toEqual([]);
  });

  it('have no Base, no I in front and no Impl', () => {
    const invented = /\b(?:class|interface|type)\s+(Base[A-Z]\w*|I[A-Z][a-z]\w*|\w+Impl)\b/;
    const found = sources.flatMap(({ path, text }) =>
      invented.test(text) ? [`${path} ${invented.exec(text)?.[1]}`] : [],
    );
    expect(found).toEqual([]);
  });
});

describe('rows of one feature', () => {
  it('know other features by id: no relation of TypeORM crosses a folder, because there is none', () => {
    const relation = /@(ManyToOne|OneToMany|OneToOne|ManyToMany|JoinColumn|JoinTable)\b/;
    expect(sources.filter(({ text }) => relation.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe('documentation', () => {
  it('stands in front of every exported function and class of the wall and of every service', () => {
    const judged = sources.filter(({ path }) => path.startsWith('src/security/') || path.endsWith('.service.ts'));
    expect(judged.length).toBeGreaterThan(40);
    expect(judged.flatMap(undocumented)).toEqual([]);
  });
});

function arrow({ path, target }: { path: string; target: string }): string {
  return `${path} -> ${target}`;
}

function isModule({ path }: Pick<SourceFile, 'path'>): boolean {
  return path.endsWith('.module.ts');
}

function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * part) - 1] ?? Number.NaN;
}

/** What is left when everything that imports nothing has been taken away again and again: the nodes of cycles and above. */
function cycleIn(pairs: readonly (readonly [string, string])[]): string[] {
  let left = pairs;
  for (;;) {
    const starts = new Set(left.map(([from]) => from));
    const targets = new Set(left.map(([, to]) => to));
    const rest = left.filter(([from, to]) => starts.has(to) && targets.has(from));
    if (rest.length === left.length) return rest.map(([from, to]) => `${from} -> ${to}`);
    left = rest;
  }
}
