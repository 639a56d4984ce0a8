import { Controller, Get, Module, Post, type Type } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatLimits } from '../../src/config/limits.js';
import { OpenApiDocument } from '../../src/docs/openapi.js';
import { FirstParty, Public, RequireRoles, RequireScopes } from '../../src/security/access.decorators.js';
import { RouteDeclarations } from '../../src/security/route-declarations.js';
import { policyOf } from '../../src/security/route-policy.js';
import {
  type DeclaredRoute,
  declaredRoutes,
  isBesideTheApi,
  isHeadOfGet,
  operationIds,
  startAppWithRoutes,
} from '../support/routes.js';

let app: Awaited<ReturnType<typeof startAppWithRoutes>>;

beforeAll(async () => {
  app = await startAppWithRoutes();
});

afterAll(() => app.stop());

describe('who may call what', () => {
  it('is what the committed table says: a difference is a change of permissions', async () => {
    const routes = declaredRoutes(app, app.registered);
    const rows = routes.toSorted((a, b) => (`${a.path} ${a.method}` < `${b.path} ${b.method}` ? -1 : 1)).map(rowOf);
    expect(rows.length).toBeGreaterThan(30);
    await expect(`${tableOf([HEAD, ...rows])}\n`).toMatchFileSnapshot('declared-access.txt');
  });

  it('is said of every route that Fastify has, and of none that it has not', () => {
    const registered = declaredRoutes(app, app.registered).map(({ method, path }) => `${method} ${path}`);
    const documented = operationIds(app.nest.get(OpenApiDocument).document?.paths ?? {});
    expect(registered.toSorted()).toEqual([...documented.keys()].toSorted());
    const policies = app.nest.get(RouteDeclarations).policies();
    const pages = [...policies.keys()].filter((name) => !new Set(documented.values()).has(name));
    expect(pages.filter((name) => !policies.get(name)?.isPublic)).toEqual([]);
    expect(pages.length + documented.size).toBe(policies.size);
  });

  it('is nobody to begin with on pages and at the authorization server: each has a session or a client of its own', async () => {
    const beside = app.registered.filter((route) => isBesideTheApi(route) && !isHeadOfGet(route, app.registered));
    const rows = beside.map(({ method, path, config }) => [
      method,
      path,
      config.refusals ?? '',
      config.sensitive ? 'sensitive' : config.addressLimitOnly ? 'address' : '',
      (config.consumes ?? []).join(' '),
    ]);
    const sorted = rows.toSorted((a, b) => (`${a[1]} ${a[0]}` < `${b[1]} ${b[0]}` ? -1 : 1));
    const table = tableOf([['method', 'path', 'refusals', 'limits', 'body'], ...sorted]);
    await expect(`${table}\n`).toMatchFileSnapshot('declared-pages.txt');
  });

  it('is demanded of a route that is registered past the controllers too', () => {
    const hidden = { method: 'GET', path: '/hidden', config: {} };
    expect(() => declaredRoutes(app, [...app.registered, hidden])).toThrow('GET /hidden is registered, but');
  });

  it('names no role without scopes, and no first party either', () => {
    for (const { policy } of declaredRoutes(app, app.registered)) {
      expect(policy.isPublic ? policy.roles.length + Number(policy.firstParty) : 0).toBe(0);
      expect(policy.isPublic).toBe(policy.scopes.length === 0);
    }
  });
});

describe('a route that does not say who may call it', () => {
  @Controller('silent')
  class Silent {
    @Get()
    @Public()
    open(this: void): void {}

    @Post()
    forgotten(this: void): void {}
  }

  @Controller('rolesonly')
  class RolesOnly {
    @Get()
    @RequireRoles('admin')
    @FirstParty()
    get(this: void): void {}
  }

  @Controller('both')
  class Both {
    @Get()
    @Public()
    @RequireScopes('data:read')
    get(this: void): void {}
  }

  it('stops the start', async () => {
    await expect(start(Silent)).rejects.toThrow('Silent.forgotten must declare @Public() or @RequireScopes()');
  });

  it('stops it with a role or the first party in place of scopes', async () => {
    await expect(start(RolesOnly)).rejects.toThrow('RolesOnly.get must declare');
  });

  it('stops it when it says both', async () => {
    await expect(start(Both)).rejects.toThrow('Both.get must declare');
  });

  it('is refused by the guards as well, should it ever be reached', () => {
    expect(() => policyOf(Silent, Silent.prototype.forgotten)).toThrow('Silent.forgotten must declare');
    expect(policyOf(Silent, Silent.prototype.open).isPublic).toBe(true);
  });
});

describe('a class that says it for its routes', () => {
  @Public()
  @Controller('mixed')
  class OpenClass {
    @Get('open')
    open(this: void): void {}

    @Get('closed')
    @RequireScopes('data:read')
    closed(this: void): void {}
  }

  @RequireScopes('data:read')
  @RequireRoles('admin')
  @Controller('closed')
  class ClosedClass {
    @Get('other')
    @RequireScopes('data:write')
    other(this: void): void {}

    @Get('open')
    @Public()
    open(this: void): void {}
  }

  it('is overruled by the word of the handler, and only by that', async () => {
    await expect(start(OpenClass)).resolves.toBeUndefined();
    const { open, closed } = OpenClass.prototype;
    expect(policyOf(OpenClass, open)).toMatchObject({ isPublic: true, scopes: [] });
    expect(policyOf(OpenClass, closed)).toMatchObject({ isPublic: false, scopes: ['data:read'] });
    const { other } = ClosedClass.prototype;
    expect(policyOf(ClosedClass, other)).toMatchObject({ isPublic: false, scopes: ['data:write'], roles: ['admin'] });
  });

  it('cannot be half overruled: scopes of the class and a public handler are both ways at once', async () => {
    await expect(start(ClosedClass)).rejects.toThrow('ClosedClass.open must declare');
  });
});

/** Starts a tiny application that has the check of the real one and this controller. */
async function start(controller: Type): Promise<void> {
  @Module({ imports: [DiscoveryModule], controllers: [controller], providers: [RouteDeclarations] })
  class Tiny {}
  const context = await NestFactory.createApplicationContext(Tiny, { logger: false, abortOnError: false });
  await context.close();
}

const HEAD = ['method', 'path', 'who', 'limits besides the tier', 'bodies'];

function rowOf({ method, path, policy, config }: DeclaredRoute): string[] {
  const { isPublic, scopes, roles, firstParty, stepUp } = policy;
  const who = isPublic ? ['public'] : [scopes.join(' ')];
  if (roles.length > 0) who.push(`role ${roles.join(' or ')}`);
  if (firstParty) who.push('first-party');
  if (stepUp) who.push(`${stepUp.acr} within ${stepUp.maxAge} s`);
  const limits = [
    config.sensitive ? 'sensitive' : '',
    config.limits ? `route ${formatLimits(config.limits)}` : '',
    config.addressLimitOnly ? 'address only' : '',
  ];
  return [
    method,
    path,
    who.join(', '),
    limits.filter((limit) => limit !== '').join(', '),
    (config.consumes ?? []).join(' '),
  ];
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
