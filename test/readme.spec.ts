import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';

const readme = readFileSync('README.md', 'utf8');
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'docs/tour.md',
  'docs/growing.md',
  'docs/routes.md',
];

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

describe('README.md', () => {
  it('has at most 250 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(250);
  });
});

describe('docs/routes.md', () => {
  it('lists exactly the routes that are served, with what each needs', async () => {
    const { body } = await app.call('GET', '/openapi.json');
    const served = Object.entries(body.paths as Record<string, Record<string, { description: string }>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, { description }]) => {
          const route = `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`;
          return `${route}: ${description.replace(/^Needs |\.$/g, '').toLowerCase()}`;
        }),
    );
    const rows = [
      ...readFileSync('docs/routes.md', 'utf8').matchAll(/^\| `((?:GET|POST|PATCH|DELETE) [^`]+)` +\| ([^|]+?) +\|/gm),
    ];
    const listed = rows.map(([, route, needs = '']) => `${route}: ${needs.replaceAll('`', '').toLowerCase()}`);
    expect(listed.toSorted()).toEqual(served.toSorted());
  });
});

describe.each(documents)('%s', (file) => {
  it('links to files that exist', () => {
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)].map(
      ([, link = '']) => link,
    );
    expect(links.filter((link) => !existsSync(join(dirname(file), link)))).toEqual([]);
  });
});

describe('SECURITY.md', () => {
  it('names evidence that exists', () => {
    const table = /^\| Layer [\s\S]+?\n\n/m.exec(readFileSync('SECURITY.md', 'utf8'))?.[0] ?? '';
    const evidence = table.split('\n').flatMap((row) => [...(row.split('|')[3] ?? '').matchAll(/`([^`]+)`/g)]);
    expect(evidence.length).toBeGreaterThan(20);
    const places = (name = '') => [`test/${name}.e2e-spec.ts`, `test/${name}.spec.ts`, `test/${name}`, name];
    expect(evidence.map(([, name]) => name).filter((name) => !places(name).some((path) => existsSync(path)))).toEqual(
      [],
    );
  });
});
