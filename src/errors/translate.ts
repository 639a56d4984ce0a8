import { HttpException } from '@nestjs/common';
import type { FastifyError } from 'fastify';
import { type ErrorCode, errorCodes } from './error-codes.js';
import { Problem } from './problem.js';

/** Fastify's own refusals. What is not here and is not a server's fault becomes `request_malformed`. */
const FASTIFY: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_BAD_URL: 'url_malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'url_too_long',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request_malformed',
};

/**
 * SQLSTATE classes that mean "not now": connection, rollback, resources, shutdown, the server's disk; what was ended for its time,
 * locks that were not got in time, and a server that became a replica.
 */
const UNAVAILABLE_SQLSTATE = /^(08|40|53|57P|58|25006|25P0[34]|55P03|57014)/;
/** What pg and TypeORM say without a code when a connection was lost, before a question or between two of a transaction. */
const LOST_CONNECTION =
  /^(Connection terminated|timeout (expired|exceeded when trying)|Client (has encountered|was closed)|Query runner already released|Database connection provided)/;
const NETWORK_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN', 'ENOENT']);

/** Any thrown value as a Problem. Nothing of its text survives: only codes decide. */
export function translate(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HttpException) return new Problem(codeOfStatus(error.getStatus()), { cause: error });
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>;
  if (code?.startsWith('FST_')) {
    return new Problem(FASTIFY[code] ?? codeOfStatus(statusCode ?? 500), { cause: error });
  }
  // The client hung up: nothing of ours is out of order, though within a body the code is that of a lost database.
  if (statusCode === 400 || (code as string) === 'ERR_STREAM_PREMATURE_CLOSE') {
    return new Problem('request_malformed', { cause: error });
  }
  if (isOrphan(error)) return new Problem('conflict', { cause: error });
  if (isUnavailable(error)) return new Problem('unavailable', { retryAfter: 1, cause: error });
  return new Problem('internal_error', { cause: error });
}

/** Whether the database, not the request, is at fault. */
export function isUnavailable(error: unknown): boolean {
  const { code, driverError, message } = (error ?? {}) as { code?: string; driverError?: unknown; message?: string };
  if (driverError !== undefined && driverError !== error) return isUnavailable(driverError);
  if (code !== undefined) return UNAVAILABLE_SQLSTATE.test(code) || NETWORK_CODES.has(code);
  return LOST_CONNECTION.test(message ?? '');
}

/** A foreign key found nothing: whose row it would have been was deleted while the request ran. */
function isOrphan(error: unknown): boolean {
  return ((error ?? {}) as { driverError?: { code?: string } }).driverError?.code === '23503';
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 400) return 'request_malformed';
  if (status >= 500) return status === 503 ? 'unavailable' : 'internal_error';
  const known = Object.entries(errorCodes).find(([, [candidate]]) => candidate === status);
  return (known?.[0] as ErrorCode | undefined) ?? 'request_malformed';
}
