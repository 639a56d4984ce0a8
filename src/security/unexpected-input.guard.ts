import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { invalidInput } from '../errors/problem.js';
import { inputsOf } from './route-parameters.js';

type Handler = (...args: never[]) => unknown;

/**
 * Does the route take what was sent? A pipe only sees parameters that a handler declares: without this guard a query or
 * a body that no handler declares would pass unseen. Refuses with 400 `validation_failed`. Documents are left alone.
 */
@Injectable()
export class UnexpectedInputGuard implements CanActivate {
  private readonly takes = new WeakMap<Handler, { query: boolean; body: boolean }>();

  canActivate(context: ExecutionContext): boolean {
    const [request] = context.getArgs<[FastifyRequest]>();
    if (!request.routeOptions.url?.startsWith('/api/')) return true;
    const { query, body } = this.inputOf(context);
    if (!query && !request.routeOptions.config.foreignQuery)
      refuseMembers(request.query, '', 'query_parameter_unknown');
    if (!body) refuseMembers(request.body, '/', 'member_unknown');
    return true;
  }

  private inputOf(context: ExecutionContext): { query: boolean; body: boolean } {
    const handler = context.getHandler() as Handler;
    let input = this.takes.get(handler);
    if (!input) {
      const { query, body } = inputsOf(context.getClass(), handler.name);
      input = { query: query.length > 0, body: body.length > 0 };
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
