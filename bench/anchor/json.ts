import { isUtf8 } from 'node:buffer';
import { Refusal } from './problems.js';

const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const SUSPECT = /\\|__proto__|constructor|\d{15}|[eE][+-]?\d{3}/;

/** JSON that means one thing to every reader: the cheap question first, a walk only for what may be hostile. */
export function readJsonBody(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new Refusal('request_malformed');
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal('request_malformed');
  }
  if (SUSPECT.test(text) && !isSound(value)) throw new Refusal('request_malformed');
  return value;
}

function isSound(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\u0000') && !LONE.test(value);
  if (typeof value === 'number')
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  if (typeof value !== 'object' || value === null) return true;
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__' || !isSound(name) || !isSound(member)) return false;
    if (name === 'constructor' && typeof member === 'object' && member !== null && 'prototype' in member) return false;
  }
  return true;
}

export function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member));
  return deepest + 1;
}
