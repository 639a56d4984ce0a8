import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from './support/app.js';

interface Operation {
  summary?: string;
  tags?: string[];
  security?: object[];
  responses: Record<string, unknown>;
}

let app: TestApp;
let paths: Record<string, Record<string, Operation>>;

beforeAll(async () => {
  app = await startApp();
  paths = (await app.call('GET', '/openapi.json')).body.paths;
});
afterAll(() => app.stop());

const operations = () =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );

const responsesOf = (path: string, method: string) => Object.keys(paths[path]?.[method]?.responses ?? {}).join(' ');

describe('GET /openapi.json', () => {
  it('describes exactly the routes that exist', () => {
    const http: FastifyInstance = app.nest.getHttpAdapter().getInstance();
    const printed = http.printRoutes({ commonPrefix: false });
    // Pages and protocol are described by nobody, or by documents of their own.
    const routes = routesOf(printed).filter(
      (name) =>
        !/ \/(login|consent|account|device|oauth|api\/v1\/auth\/providers\/\{name\}|\.well-known\/oauth-auth)/.test(
          name,
        ),
    );
    expect(routes.length).toBeGreaterThan(30);
    expect(
      operations()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(routes.toSorted());
  });

  it('says of every operation what it does, who may call it and how it refuses', () => {
    for (const { name, operation } of operations()) {
      expect(operation.summary, name).toBeTruthy();
      expect(operation.security, name).toBeInstanceOf(Array);
      expect(Object.keys(operation.responses), name).toContain('429');
    }
  });

  it('lists the groups of its operations, signing in first', async () => {
    const { body } = await app.call('GET', '/openapi.json');
    const listed: string[] = body.tags.map(({ name }: { name: string }) => name);
    const used = new Set(operations().flatMap(({ operation }) => operation.tags ?? []));
    expect(listed[0]).toBe('auth');
    expect(listed.filter((name) => !used.has(name))).toEqual([]);
  });

  it('lets a session alone call what keys may not', () => {
    expect(paths['/api/v1/api-keys']?.post?.security).toEqual([{ bearer: ['keys:write'] }]);
    expect(paths['/api/v1/data']?.get?.security).toEqual([{ bearer: ['data:read'] }, { apiKey: ['data:read'] }]);
  });

  it('names the refusals that follow from what an operation takes', () => {
    expect(responsesOf('/api/v1/data', 'get')).toBe('200 400 401 403 429 503 default');
    expect(responsesOf('/api/v1/data', 'post')).toBe('201 400 401 403 409 413 415 422 429 503 default');
    expect(responsesOf('/api/v1/data/{id}', 'patch')).toBe('200 400 401 403 404 412 413 415 428 429 503 default');
    expect(responsesOf('/api/v1/auth/login', 'post')).toBe('200 400 401 413 415 429 503 default');
  });

  it('names no reference that it does not hold', async () => {
    const { text, body } = await app.call('GET', '/openapi.json');
    const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(new Set(names).size).toBeGreaterThan(10);
    expect(Object.keys(body.components.schemas)).toEqual(expect.arrayContaining([...new Set(names)]));
  });
});

describe('GET /docs', () => {
  it('is a page without inline script, under a policy that allows its own files alone', async () => {
    const { status, text, headers } = await app.call('GET', '/docs');
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(text).not.toMatch(/<script>|\son\w+=/);
    for (const [, source] of text.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      expect((await app.call('GET', source ?? '')).status, source).toBe(200);
    }
  });

  it.each(['..%2fpackage.json', 'index.html', 'constructor', 'swagger-initializer.js'])(
    'has no file %s',
    async (name) => {
      expect((await app.call('GET', `/docs/${name}`)).status).toBe(404);
    },
  );

  it('is absent when it is switched off', async () => {
    const closed = await startApp({ DOCS_ENABLED: 'false' });
    const statuses = await Promise.all(
      ['/docs', '/openapi.json', '/docs/docs.js'].map(async (path) => (await closed.call('GET', path)).status),
    );
    expect(statuses).toEqual([404, 404, 404]);
    await closed.stop();
  });
});

/** `GET /a/{id}` for each line of Fastify's tree; HEAD comes with GET. */
function routesOf(printed: string): string[] {
  const parents: string[] = [];
  return printed.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods] = /^([│ ]*[├└]── )([^ ]*)(?: \(([^)]*)\))?$/.exec(line) ?? [];
    const depth = indent.length / 4;
    if (depth === 0) return [];
    parents[depth] = (parents[depth - 1] ?? '') + part;
    const path = (parents[depth] ?? '').replace(/:(\w+)/g, '{$1}');
    const names = (methods ?? '').split(', ').filter((method) => method !== '' && method !== 'HEAD');
    return names.map((method) => `${method} ${path}`);
  });
}
