import type { OpenAPIObject } from '@nestjs/swagger';
import { errorCodes } from '../errors/error-codes.js';

type Schema = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

/** RFC 9457, with the codes this backend uses. */
export const problemSchema: Schema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(errorCodes) },
    requestId: { type: 'string', format: 'uuid' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'detail'],
        properties: { pointer: { type: 'string' }, code: { type: 'string' }, detail: { type: 'string' } },
      },
    },
    challenge: { type: 'string', description: 'With mfa_required and password_change_required: what to answer.' },
    methods: {
      type: 'array',
      items: { type: 'string' },
      description: 'With mfa_required: what it can be answered with.',
    },
    passkey: {
      type: 'object',
      description: 'With mfa_required: options for PublicKeyCredential.parseRequestOptionsFromJSON().',
    },
    acrValues: {
      type: 'array',
      items: { type: 'string' },
      description: 'With step_up_required, as acr_values of RFC 9470.',
    },
    maxAge: { type: 'integer', description: 'With step_up_required: seconds.' },
  },
};

export const problemResponse = {
  description: 'Refused; see code and detail.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
