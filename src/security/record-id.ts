import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { invalidInput } from '../errors/problem.js';
import { isUuid } from './uuid.js';

const documented: ParameterDecorator = (target, key) => {
  if (!key) return;
  const method = Object.getOwnPropertyDescriptor(target, key) as TypedPropertyDescriptor<unknown>;
  ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } })(target, key, method);
};

/** The `:id` of a path as a lower-case UUID; anything else is 400 and never reaches the database. */
export const RecordId = createParamDecorator(
  (_: unknown, context: ExecutionContext): string => {
    const [{ params }] = context.getArgs<[FastifyRequest<{ Params: { id: string } }>]>();
    const id = params.id.toLowerCase();
    if (isUuid(id)) return id;
    throw invalidInput([{ pointer: 'id', code: 'uuid', detail: 'Must be a UUID.' }]);
  },
  [documented],
);
