import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { invalidInput } from '../errors/problem.js';

type Handler = (...args: never[]) => unknown;

/**
 * Does the route take what was sent? A pipe only sees parameters that a handler declares: without this guard a query or
 * a body that no handler declares would pass unseen. Refuses with 400 `validation_failed`. Documents are left alone.
 */
@Injectable()
export class UnexpectedInputGuard implements CanActivate {
  private readonly takes = new WeakMap<Handler, { query: boolean; body: boolean }>();

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!request.routeOptions.url?.startsWith('/api/')) return true;
    const { query, body } = this.inputOf(context);
    if (!query) refuseMembers(request.query, '', 'query_parameter_unknown');
    if (!body) refuseMembers(request.body, '/', 'member_unknown');
    return true;
  }

  private inputOf(context: ExecutionContext): { query: boolean; body: boolean } {
    const handler = context.getHandler() as Handler;
    let input = this.takes.get(handler);
    if (!input) {
      const declared = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler.name) as object | undefined;
      const kinds = new Set(Object.keys(declared ?? {}).map((key) => Number(key.split(':')[0])));
      input = { query: kinds.has(RouteParamtypes.QUERY), body: kinds.has(RouteParamtypes.BODY) };
      this.takes.set(handler, input);
    }
    return input;
  }
}

function refuseMembers(input: unknown, prefix: string, code: string): void {
  if (input === undefined) return;
  const names = typeof input === 'object' && input !== null && !Array.isArray(input) ? Object.keys(input) : ['body'];
  if (names.length === 0) return;
  throw invalidInput(names.map((name) => ({ pointer: prefix + name.slice(0, 100), code, detail: 'Not known here.' })));
}
