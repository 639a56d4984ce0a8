import { isWithin } from './json.js';
import { type InputError, invalid } from './problems.js';

export interface RecordInput {
  readonly name?: string;
  readonly classification?: string;
  readonly content?: unknown;
  readonly tags?: readonly string[] | null;
}

interface Field {
  readonly code: string;
  readonly detail: string;
  readonly accepts: (value: unknown) => boolean;
}

type Fields = Readonly<Record<string, Field>>;

const CLASSIFICATIONS = ['public', 'internal', 'confidential', 'restricted'];
const MAX_CONTENT_BYTES = 64 * 1024;
const MAX_CONTENT_DEPTH = 32;

/** Characters are code points. */
export function isText(value: unknown, max: number): value is string {
  if (typeof value !== 'string' || value === '' || value.length > max * 2) return false;
  if (value.includes('\0') || !value.isWellFormed()) return false;
  return value.length <= max || [...value].length <= max;
}

const text = (max: number): Field => ({
  code: 'text',
  detail: `Must be a string of 1 to ${max} characters.`,
  accepts: (value) => isText(value, max),
});
const classification: Field = {
  code: 'one_of',
  detail: `Must be one of ${CLASSIFICATIONS.join(', ')}.`,
  accepts: (value) => typeof value === 'string' && CLASSIFICATIONS.includes(value),
};
const tags: Field = {
  code: 'text_list',
  detail: 'Must be up to 20 strings of 1 to 50 characters.',
  accepts: (value) => Array.isArray(value) && value.length <= 20 && value.every((tag) => isText(tag, 50)),
};
const optional = (field: Field): Field => ({
  ...field,
  accepts: (value) => value === undefined || field.accepts(value),
});
const nullable = (field: Field): Field => ({ ...field, accepts: (value) => value === null || field.accepts(value) });

const NEW: Fields = {
  name: text(200),
  classification,
  content: {
    code: 'content',
    detail: `Must be JSON of at most 64 kB and ${MAX_CONTENT_DEPTH} levels.`,
    accepts: (value) => value !== undefined && isWithin(value, MAX_CONTENT_DEPTH),
  },
  tags: optional(tags),
};
const PATCH: Fields = {
  name: optional(text(200)),
  classification: optional(classification),
  content: { code: 'content', detail: 'Cannot be null.', accepts: (value) => value !== null },
  tags: optional(nullable(tags)),
};
const LOGIN: Fields = { email: text(254), password: text(512) };
const REFRESH: Fields = { refresh_token: text(512) };

function checked(body: unknown, fields: Fields): Readonly<Record<string, unknown>> {
  // No body is an empty one.
  const input = body === undefined ? {} : body;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid([{ pointer: '', code: 'object', detail: 'The body must be a JSON object.' }]);
  }
  const members = input as Readonly<Record<string, unknown>>;
  const errors: InputError[] = [];
  for (const name in members) {
    if (Object.hasOwn(fields, name)) continue;
    const pointer = `/${name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`;
    errors.push({ pointer, code: 'unknown', detail: 'Not known here.' });
  }
  if (errors.length > 0) throw invalid(errors);
  for (const name in fields) {
    const { code, detail, accepts } = fields[name] as Field;
    if (!accepts(members[name])) errors.push({ pointer: `/${name}`, code, detail });
  }
  if (errors.length > 0) throw invalid(errors);
  return members;
}

/** Its content as text, which is measured and stored. */
export function newRecord(body: unknown): Required<Omit<RecordInput, 'content'>> & { content: string } {
  const input = checked(body, NEW) as Required<RecordInput>;
  const content = JSON.stringify(input.content);
  if (!isSmall(content)) {
    const { code, detail } = NEW['content'] as Field;
    throw invalid([{ pointer: '/content', code, detail }]);
  }
  return { name: input.name, classification: input.classification, tags: input.tags ?? [], content };
}

export const recordPatch = (body: unknown): RecordInput => checked(body, PATCH);
export const loginOf = (body: unknown) => checked(body, LOGIN) as { email: string; password: string };
export const refreshOf = (body: unknown) => checked(body, REFRESH) as { refresh_token: string };

const isSmall = (content: string): boolean =>
  content.length * 3 <= MAX_CONTENT_BYTES || Buffer.byteLength(content) <= MAX_CONTENT_BYTES;

/** What a merge results in, as text. */
export function mergedText(content: unknown): string {
  const merged = isWithin(content, MAX_CONTENT_DEPTH) ? JSON.stringify(content) : undefined;
  if (merged !== undefined && isSmall(merged)) return merged;
  throw invalid([{ pointer: '/content', code: 'content', detail: 'Would become larger or deeper than allowed.' }]);
}
