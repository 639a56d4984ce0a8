import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import type { Principal } from './authentication.js';
import { openCursor, signCursor } from './cursor.js';
import { query, type Row } from './database.js';
import { JSON_TYPE, namesTag } from './headers.js';
import { invalid, Refusal } from './problems.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const time = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** As text: what is JSON in the database is JSON in the answer. */
export const COLUMNS = `r.id::text, r.name, r.classification, r.content::text, to_json(r.tags)::text, r.version::text,
  ${time('r.created_at')}, ${time('r.updated_at')}`;
export const OWN = `r.id = $1 AND r.owner_id = $2 AND r.deleted_at IS NULL AND ($3 OR r.classification <> 'restricted')`;

const RECORD = { name: 'record', text: `SELECT ${COLUMNS} FROM records r WHERE ${OWN}` };
const listed = (name: string, filter: string, after: string) => ({
  name,
  text: `SELECT ${COLUMNS} FROM records r WHERE r.owner_id = $1 AND r.deleted_at IS NULL ${filter} ${after}
    ORDER BY r.created_at DESC, r.id DESC LIMIT $2`,
});
const AFTER = 'AND (r.created_at, r.id) < ($3, $4)';
const OPEN = `AND r.classification <> 'restricted'`;
const LISTS = {
  all: [listed('list', '', ''), listed('list after', '', AFTER)],
  open: [listed('list open', OPEN, ''), listed('list open after', OPEN, AFTER)],
} as const;

export type RecordText = readonly [
  id: string,
  name: string,
  classification: string,
  content: string,
  tags: string,
  version: string,
  createdAt: string,
  updatedAt: string,
];

/** None of these columns may be null. */
export const recordOf = (row: Row): RecordText => row as unknown as RecordText;

export const textOf = ([id, name, classification, content, tags, version, created, updated]: RecordText): string =>
  `{"id":"${id}","name":${JSON.stringify(name)},"classification":"${classification}","content":${content},` +
  `"tags":${tags},"version":${version},"createdAt":"${created}","updatedAt":"${updated}"}`;

export function callerOf({ principal }: FastifyRequest): Principal {
  if (!principal) throw new Error('nobody has proved who asks');
  return principal;
}

export function idOf({ params }: FastifyRequest): string {
  const { id } = params as { id: string };
  if (UUID.test(id)) return id.toLowerCase();
  if (id === '') throw new Refusal('not_found');
  throw invalid([{ pointer: 'id', code: 'uuid', detail: 'Must be a UUID.' }]);
}

async function show(pool: Pool, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { subject, scopes } = callerOf(request);
  const restricted = scopes.has('data:restricted') ? 'true' : 'false';
  const [row] = await query(pool, RECORD, [idOf(request), subject, restricted]);
  if (!row) throw new Refusal('not_found');
  const record = recordOf(row);
  const etag = `"${record[5]}"`;
  const known = request.headers['if-none-match'];
  void reply.header('etag', etag);
  if (known !== undefined && namesTag(known, etag, true)) return reply.code(304).send();
  return reply.header('content-type', JSON_TYPE).send(textOf(record));
}

function rangeOf({ query: asked }: FastifyRequest): { size: number; cursor: string | undefined } {
  const { limit = '20', cursor, ...others } = asked as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(others);
  if (unknown.length > 0) {
    throw invalid(unknown.map((name) => ({ pointer: name.slice(0, 100), code: 'unknown', detail: 'Not known here.' })));
  }
  if (typeof limit !== 'string' || !/^([1-9]\d?|100)$/.test(limit)) {
    throw invalid([{ pointer: 'limit', code: 'integer', detail: 'Must be an integer from 1 to 100.' }]);
  }
  if (cursor !== undefined && (typeof cursor !== 'string' || cursor === '' || cursor.length > 4096)) {
    throw invalid([{ pointer: 'cursor', code: 'text', detail: 'Must be a string of 1 to 2048 characters.' }]);
  }
  return { size: Number(limit), cursor };
}

async function list(pool: Pool, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { subject, scopes } = callerOf(request);
  const { size, cursor } = rangeOf(request);
  const restricted = scopes.has('data:restricted');
  const scope = `data ${subject} ${restricted}`;
  const after = cursor === undefined ? [] : openCursor(scope, cursor);
  if (!after) throw new Refusal('cursor_invalid');
  const statement = LISTS[restricted ? 'all' : 'open'][after.length === 0 ? 0 : 1];
  const rows = await query(pool, statement, [subject, String(size + 1), ...after]);
  const items = rows.slice(0, size).map(recordOf);
  const last = rows.length > size ? items.at(-1) : undefined;
  const next = last ? signCursor(scope, [last[6], last[0]]) : null;
  if (next !== null) void reply.header('link', `<${nextUrl(request.url, next)}>; rel="next"`);
  const text = `{"items":[${items.map(textOf).join(',')}],"nextCursor":${next === null ? 'null' : `"${next}"`}}`;
  return reply.header('content-type', JSON_TYPE).send(text);
}

function nextUrl(url: string, cursor: string): string {
  const [path = ''] = url.split('?', 1);
  const parameters = new URLSearchParams(url.slice(path.length));
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}

export function registerRecords(server: FastifyInstance, pool: Pool): void {
  const config = { scope: 'data:read' };
  server.get('/api/v1/data/:id', { config }, (request, reply) => show(pool, request, reply));
  server.get('/api/v1/data', { config: { ...config, query: true } }, (request, reply) => list(pool, request, reply));
}
