import type { OpenAPIObject } from '@nestjs/swagger';
import { example, type Schema } from './json-schema.js';
import type { DeclaredRoute } from './routes.js';

/** A place of a request where a client may put what it likes: a parameter, or a member of the body at any depth. */
export interface Slot {
  readonly place: 'path' | 'query' | 'header' | 'body';
  /** Of a parameter its name, of a body the way to the member; `0` is the first item of a list. */
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
  /** Members that may not stand beside it. */
  readonly instead?: readonly string[];
}

/** A route with everything that the served document says of its input. */
export interface SweptRoute extends DeclaredRoute {
  readonly key: string;
  readonly slots: readonly Slot[];
  readonly body: Schema | null;
}

interface Operation {
  readonly parameters?: readonly { name: string; in: Slot['place']; required?: boolean; schema?: Schema }[];
  readonly requestBody?: { content: Record<string, { schema: Schema }> };
}

/** The routes with the slots of their operations. Throws for a route that the document does not know. */
export function sweptRoutes(routes: readonly DeclaredRoute[], document: OpenAPIObject): SweptRoute[] {
  return routes.map((route) => {
    const path = document.paths[route.path.replaceAll(/:(\w+)/g, '{$1}')] as Record<string, Operation> | undefined;
    const operation = path?.[route.method.toLowerCase()];
    if (!operation) throw new Error(`${route.method} ${route.path} is not in the document`);
    const body = resolve(document, operation.requestBody?.content['application/json']?.schema) ?? null;
    const parameters = (operation.parameters ?? []).map(({ name, in: place, required = false, schema }) => ({
      place,
      name,
      required,
      schema: resolve(document, schema) ?? {},
    }));
    return { ...route, key: `${route.method} ${route.path}`, body, slots: [...parameters, ...slotsIn(body, '')] };
  });
}

/** A request that the document calls valid, for a route that nobody has written one for. */
export const exampleRequest = ({ body }: SweptRoute) => ({
  id: crypto.randomUUID(),
  ...(body ? { json: example(body) } : {}),
});

function slotsIn(schema: Schema | null, way: string): Slot[] {
  const alternatives = (schema?.oneOf ?? []).flatMap(({ required = [] }) => required);
  const members = Object.entries(schema?.properties ?? {}).map(([name, each]) => {
    return {
      instead: alternatives.includes(name) ? alternatives.filter((other) => other !== name) : [],
      place: 'body' as const,
      name: way + name,
      schema: each,
      required: schema?.required?.includes(name) ?? false,
    };
  });
  return members.flatMap((member) => [
    member,
    ...slotsIn(member.schema, `${member.name}.`),
    ...(member.schema.items?.type ? [{ ...member, name: `${member.name}.0`, schema: member.schema.items }] : []),
  ]);
}

/** The schema with its references replaced, at every depth. */
function resolve(document: OpenAPIObject, schema: Schema | undefined): Schema | undefined {
  if (schema?.$ref === undefined) {
    if (schema?.properties === undefined) return schema;
    const members = Object.entries(schema.properties).map(([name, each]) => [name, resolve(document, each) ?? {}]);
    return { ...schema, properties: Object.fromEntries(members) as Record<string, Schema> };
  }
  const name = schema.$ref.split('/').at(-1) ?? '';
  return resolve(document, document.components?.schemas?.[name] as Schema | undefined);
}
