import { STATUS_CODES } from 'node:http';
import { type ErrorCode, errorCodes } from './error-codes.js';

/** What proofs of possession are signed with; said in a challenge too (RFC 9449 section 7.1). */
export const DPOP_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519'] as const;

/** One invalid part of the input: RFC 6901 pointer into the body, or the name of a parameter. */
export interface InputError {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

/** The body of every refusal (RFC 9457). */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly requestId: string;
  readonly errors?: readonly InputError[];
  readonly [member: string]: unknown;
}

export interface ProblemOptions {
  readonly detail?: string;
  readonly errors?: readonly InputError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds, an integer; sent with 429 and 503. */
  readonly retryAfter?: number;
  /** Members of this kind of problem alone, which a client needs to go on (RFC 9457 section 3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
  /** For the log alone. */
  readonly cause?: unknown;
}

/** A refusal with a code of the table. Whatever throws it decides the status there, not far away. */
export class Problem extends Error {
  readonly code: ErrorCode;
  readonly options: ProblemOptions;
  readonly status: number;

  constructor(code: ErrorCode, options: ProblemOptions = {}) {
    // A refusal is an answer: nobody reads its stack, and walking one costs more than all the layers. A cause has its own.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(code, { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.options = options;
    this.status = errorCodes[code][0];
  }

  /** The response body; at most a few kB, whatever was sent. */
  document(requestId: string): ProblemDocument {
    const [status, detail] = errorCodes[this.code];
    const { errors, members } = this.options;
    return {
      type: `urn:rampart:problem:${this.code}`,
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail: this.options.detail ?? detail,
      code: this.code,
      requestId,
      ...(errors ? { errors } : {}),
      ...members,
    };
  }
}

/** The problem for input that broke its rules; at most 20 parts are named, so that the answer stays small. */
export const invalidInput = (errors: readonly InputError[]): Problem =>
  new Problem('validation_failed', { errors: errors.slice(0, 20) });
