import type { PipeTransform, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';

interface Parameter {
  pipes: (PipeTransform | Type<PipeTransform>)[];
}

/** The query and body parameters that a handler declares, as Nest keeps them: what is changed before the routes are made takes effect. */
export function inputsOf(controller: Type, method: string): { query: Parameter[]; body: Parameter[] } {
  const declared = Object.entries(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as Record<string, Parameter>,
  );
  const of = (kind: RouteParamtypes) =>
    declared.flatMap(([key, parameter]) => (Number(key.split(':')[0]) === (kind as number) ? [parameter] : []));
  return { query: of(RouteParamtypes.QUERY), body: of(RouteParamtypes.BODY) };
}
