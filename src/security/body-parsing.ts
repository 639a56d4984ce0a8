import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../errors/problem.js';
import { FORM_TYPE, parseFormBody } from './form-body.js';
import { JsonBodyError, parseJsonBody } from './json-body.js';

const JSON_TYPE = 'application/json';

/**
 * Reads bodies: JSON in UTF-8 and what a route declares with `@Consumes()`, everything else is 415.
 * Fastify's own parsers go, because they replace bad UTF-8 and round numbers without a word.
 */
export function registerBodyParsing(instance: FastifyInstance): void {
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, readBody(request, body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** RFC 8259 section 8.1: JSON between systems is UTF-8, whatever a parameter claims. */
function isUtf8(parameter: string): boolean {
  const text = parameter.trim();
  return !text.startsWith('charset') || /^charset="?utf-?8"?$/.test(text);
}

function readBody(request: FastifyRequest, body: Buffer): unknown {
  // Nothing is unpacked here (a bomb has 100 kB too), and what says that it is packed is not read as if it were not.
  if (!/^identity$/i.test(request.headers['content-encoding'] ?? 'identity')) {
    throw new Problem('media_type_unsupported', { headers: { 'accept-encoding': 'identity' } });
  }
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const mediaType = type.trim();
  if (body.length === 0 && (mediaType === '' || mediaType === JSON_TYPE)) return undefined;
  const { consumes } = request.routeOptions.config;
  // What takes a form takes nothing else.
  const readable = consumes?.includes(mediaType) || (mediaType === JSON_TYPE && !consumes?.includes(FORM_TYPE));
  if (!readable || !parameters.every(isUtf8)) throw new Problem('media_type_unsupported');
  if (mediaType === FORM_TYPE) return parseFormBody(body);
  try {
    return parseJsonBody(body);
  } catch (error) {
    if (!(error instanceof JsonBodyError)) throw error;
    const errors = error.pointer
      ? [{ pointer: error.pointer.slice(0, 200), code: error.code, detail: 'Not allowed here.' }]
      : undefined;
    throw new Problem(error.code, { errors });
  }
}
