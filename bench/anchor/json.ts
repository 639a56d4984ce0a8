import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import { type Code, Refusal } from './problems.js';

const SUSPECT = /\\|__proto__|constructor|(?:^|[ \t\n\r:,[])-?\d(?:\d{15}|[\d.]{200}|[\d.]*[eE][+-]?\d{3})/;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[-+.\deE]*/g;
const JSON_TYPE = 'application/json';
const MERGE_PATCH = 'application/merge-patch+json';

/** A body in JSON that means one thing to every reader, or a Refusal. */
export function readBody(request: FastifyRequest, bytes: Buffer): unknown {
  const { 'content-type': type = '', 'content-encoding': encoding } = request.headers;
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new Refusal('media_type_unsupported', { headers: { 'accept-encoding': 'identity' } });
  }
  const media = type === JSON_TYPE ? type : mediaTypeOf(type);
  if (bytes.length === 0 && (media === '' || media === JSON_TYPE)) return undefined;
  const readable = media === JSON_TYPE || (media === MERGE_PATCH && request.routeOptions.config.patch === true);
  if (!readable) throw new Refusal('media_type_unsupported');
  return parse(bytes);
}

/** Null for a charset that is not UTF-8, which JSON is whatever a parameter claims. */
function mediaTypeOf(type: string): string | null {
  const [media = '', ...parameters] = type.toLowerCase().split(';');
  return parameters.every((each) => namesUtf8(each.trim())) ? media.trim() : null;
}

const namesUtf8 = (parameter: string): boolean =>
  !parameter.startsWith('charset') || /^charset="?utf-?8"?$/.test(parameter);

function parse(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new Refusal('body_malformed');
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal('body_malformed');
  }
  if (SUSPECT.test(text)) refuseHostile(value, hasUnsoundNumber(text));
  return value;
}

/** Of the text: the value has lost what was rounded. */
function hasUnsoundNumber(text: string): boolean {
  for (const [literal] of text.matchAll(TOKEN)) if (!literal.startsWith('"') && !isExact(literal)) return true;
  return false;
}

function isExact(literal: string): boolean {
  const value = Number(literal);
  if (/^-?\d+$/.test(literal)) return Number.isSafeInteger(value);
  return Number.isFinite(value) && (value !== 0 || !/^[^e]*[1-9]/i.test(literal));
}

interface Place {
  readonly value: unknown;
  readonly name: string;
  readonly parent: Place | undefined;
}

/** In the order of the document and without recursion, which 50,000 brackets would exhaust. */
function refuseHostile(root: unknown, unsound: boolean): void {
  const rest: Place[] = [{ value: root, name: '', parent: undefined }];
  for (let place = rest.pop(); place; place = rest.pop()) {
    const { value, parent } = place;
    if (parent && !Array.isArray(parent.value)) refuseName(place, parent);
    if (typeof value === 'string' && !isSound(value)) throw hostile('body_invalid_string', place);
    if (unsound && typeof value === 'number' && !isExact(String(value))) throw hostile('body_invalid_number', place);
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, member] of Object.entries(value).toReversed()) rest.push({ value: member, name, parent: place });
  }
  if (unsound) throw new Refusal('body_invalid_number');
}

function refuseName(place: Place, parent: Place): void {
  const { name } = place;
  if (!isSound(name)) throw hostile('body_invalid_string', parent);
  if (name === '__proto__' || (name === 'prototype' && parent.name === 'constructor')) {
    throw hostile('body_forbidden_member', place);
  }
}

const isSound = (text: string): boolean => !text.includes('\0') && text.isWellFormed();
function hostile(code: Code, place: Place): Refusal {
  let pointer = '';
  for (let at: Place | undefined = place; at?.parent; at = at.parent) {
    pointer = `/${at.name.replaceAll('~', '~0').replaceAll('/', '~1')}${pointer}`;
  }
  const errors = [{ pointer: pointer.slice(0, 200), code, detail: 'Not allowed here.' }];
  return new Refusal(code, pointer === '' ? {} : { errors });
}

/** Whether nothing is nested deeper than that; stops where it is. */
export function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  for (const name in value) if (!isWithin((value as Record<string, unknown>)[name], levels - 1)) return false;
  return true;
}
