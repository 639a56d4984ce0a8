import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { alternatives } from '../security/exactly-one-of.js';
import { RouteDeclarations } from '../security/route-declarations.js';
import type { RoutePolicy } from '../security/route-policy.js';
import { OpenApiDocument } from './openapi.js';
import { problemResponse, problemSchema } from './problem-schema.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** Markdown. What a person needs before the first request that is not public. */
const DESCRIPTION = `A backend with layered security. Every error is a problem document of RFC 9457: switch on \`code\`.

To try a route here: \`POST /api/v1/auth/register\`, then \`POST /api/v1/auth/login\`, and put its \`access_token\`
under Authorize, or an API key; never both, because two credentials at once are refused with 400.`;

/** In the order a person needs them; a page shows others after these. */
const TAGS = [
  'auth',
  'profile',
  'data',
  'api-keys',
  'oauth-clients',
  'sessions',
  'grants',
  'users',
  'health',
  'discovery',
];

const METHODS = ['get', 'post', 'patch', 'delete'] as const;

/** Makes the OpenAPI 3.1 document of exactly the routes that exist, with what each asks of its caller and can refuse. */
export function buildDocument(app: INestApplication, publicUrl: string): void {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Rampart')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer(publicUrl)
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'apiKey')
    .build();
  config.tags = TAGS.map((name) => ({ name }));
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory: operationId });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: problemSchema },
  };
  for (const [name, members] of alternatives()) {
    Object.assign(document.components.schemas?.[name] ?? {}, { oneOf: members.map((each) => ({ required: [each] })) });
  }
  const policies = app.get(RouteDeclarations).policies();
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      if (operation) complete(operation, policies.get(operation.operationId ?? ''));
    }
  }
  app.get(OpenApiDocument).document = document;
}

/** The same name as `RouteDeclarations.policies()` uses. */
const operationId = (controller: string, method: string): string => `${controller}.${method}`;

/** OpenAPI 3.1 section 4.8.30: for schemes other than OAuth 2.0 the list names the scopes that are needed. */
function complete(operation: Operation, policy: RoutePolicy | undefined): void {
  if (!policy) throw new Error(`the document has an operation without a declared policy: ${operation.operationId}`);
  const scopes = [...policy.scopes];
  const bearer = { bearer: scopes };
  operation.security = policy.isPublic ? [] : policy.firstParty ? [bearer] : [bearer, { apiKey: scopes }];
  const needs = [...scopes, ...policy.roles.map((role) => `role ${role}`), ...(policy.firstParty ? ['a session'] : [])];
  operation.description ??= policy.isPublic ? 'Public.' : `Needs ${needs.join(', ')}.`;
  if (policy.roles.length > 0) Object.assign(operation, { 'x-required-roles': [...policy.roles] });
  const refusals = [400, ...(policy.isPublic ? [] : [401, 403]), ...refusalsOf(operation), 429, 503];
  const declared = Object.keys(operation.responses).filter((status) => Number(status) >= 400);
  for (const status of [...refusals, ...declared]) {
    operation.responses[status] = { ...problemResponse, ...operation.responses[status] };
  }
  operation.responses.default ??= problemResponse;
}

/** What follows from the input of an operation: an id may name nothing, a precondition may fail, a key may be reused. */
function refusalsOf({ parameters = [], requestBody }: Operation): number[] {
  const has = (place: string, name?: string) =>
    parameters.some((each) => 'in' in each && each.in === place && (name === undefined || each.name === name));
  return [
    ...(has('path') ? [404] : []),
    ...(has('header', 'Idempotency-Key') ? [409, 422] : []),
    ...(has('header', 'If-Match') ? [412, 428] : []),
    ...(requestBody ? [413, 415] : []),
  ];
}
