import { expect } from 'vitest';
import type { Answer } from './http.js';

/** Values that are no text, whatever its rules. */
export const notText: readonly unknown[] = [null, 0, 1.5, true, [], ['text'], {}, { toString: 'text' }];

/** Expects 400 that names this member and no other. */
export function expectInvalid({ status, body }: Answer, pointer: string, sent: unknown): void {
  const named = body.errors?.map((error: { pointer: string }) => error.pointer);
  expect([sent, status, body.code, named]).toEqual([sent, 400, 'validation_failed', [pointer]]);
}
