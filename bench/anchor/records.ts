import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type pg from 'pg';
import type { Principal } from './authentication.js';
import { newId } from './ids.js';
import { depthOf } from './json.js';
import { Refusal } from './problems.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const CLASSIFICATIONS = new Set(['public', 'internal', 'confidential', 'restricted']);
const JSON_TYPE = 'application/json; charset=utf-8';
const TIME = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
/** As text: what is JSON in the database is JSON in the answer. */
const COLUMNS = `id, name, classification, content::text AS content, to_json(tags)::text AS tags, version,
  to_char(created_at AT TIME ZONE 'UTC', ${TIME}) AS created, to_char(updated_at AT TIME ZONE 'UTC', ${TIME}) AS updated`;

interface Row {
  id: string;
  name: string;
  classification: string;
  content: string;
  tags: string;
  version: number;
  created: string;
  updated: string;
}

interface Input {
  name?: unknown;
  classification?: unknown;
  content?: unknown;
  tags?: unknown;
}

const textOf = ({ id, name, classification, content, tags, version, created, updated }: Row): string =>
  `{"id":"${id}","name":${JSON.stringify(name)},"classification":"${classification}","content":${content},` +
  `"tags":${tags},"version":${version},"createdAt":"${created}","updatedAt":"${updated}"}`;

const caller = ({ principal }: FastifyRequest): Principal => {
  if (!principal) throw new Error('nobody has proved who asks');
  return principal;
};

function idOf({ params }: FastifyRequest): string {
  const { id } = params as { id: string };
  if (!UUID.test(id)) throw new Refusal('validation_failed', { pointer: 'id' });
  return id;
}

export function registerRecords(server: FastifyInstance, pool: pg.Pool): void {
  const read = { config: { scope: 'data:read' } };
  const write = { config: { scope: 'data:write' } };

  server.get('/api/v1/data/:id', read, async (request, reply) => {
    const { subject, scopes } = caller(request);
    const { rows } = await pool.query<Row>({
      name: 'record',
      text: `SELECT ${COLUMNS} FROM records
        WHERE id = $1 AND owner_id = $2 AND deleted_at IS NULL AND ($3 OR classification <> 'restricted')`,
      values: [idOf(request), subject, scopes.has('data:restricted')],
    });
    const [row] = rows;
    if (!row) throw new Refusal('not_found');
    const etag = `"${row.version}"`;
    void reply.header('etag', etag);
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.header('content-type', JSON_TYPE).send(textOf(row));
  });

  server.get('/api/v1/data', read, async (request, reply) => {
    const { subject, scopes } = caller(request);
    const { limit = '20', cursor, ...others } = request.query as Record<string, string>;
    const size = /^[1-9]\d?$|^100$/.test(limit) ? Number(limit) : 0;
    if (size === 0 || Object.keys(others).length > 0) throw new Refusal('validation_failed', { pointer: 'query' });
    const [at, id] = cursor === undefined ? ['infinity', newId()] : openCursor(cursor, subject);
    const { rows } = await pool.query<Row>({
      name: 'records',
      text: `SELECT ${COLUMNS} FROM records WHERE owner_id = $1 AND deleted_at IS NULL
          AND ($2 OR classification <> 'restricted') AND (created_at, id) < ($3, $4)
        ORDER BY created_at DESC, id DESC LIMIT $5`,
      values: [subject, scopes.has('data:restricted'), at, id, size + 1],
    });
    const items = rows.slice(0, size);
    const last = rows.length > size ? items.at(-1) : undefined;
    const next = last ? signCursor([last.created, last.id], subject) : null;
    if (next) void reply.header('link', `</api/v1/data?limit=${size}&cursor=${next}>; rel="next"`);
    const text = `{"items":[${items.map(textOf).join(',')}],"nextCursor":${JSON.stringify(next)}}`;
    return reply.header('content-type', JSON_TYPE).send(text);
  });

  server.post('/api/v1/data', write, async (request, reply) => {
    const principal = caller(request);
    const input = validated(request.body, false);
    const id = newId();
    const row = await inTransaction(pool, async (client) => {
      const { rows } = await client.query<Row>({
        name: 'insert',
        text: `INSERT INTO records (id, owner_id, name, classification, content, tags, version)
          VALUES ($1, $2, $3, $4, $5, $6, 1) RETURNING ${COLUMNS}`,
        values: [
          id,
          principal.subject,
          input.name,
          input.classification,
          JSON.stringify(input.content),
          input.tags ?? [],
        ],
      });
      await audit(client, principal, 'record.created', id, { classification: input.classification }, request.id);
      return rows[0] as Row;
    });
    void reply.code(201).headers({ etag: '"1"', location: `/api/v1/data/${id}`, 'content-type': JSON_TYPE });
    return reply.send(textOf(row));
  });

  server.patch('/api/v1/data/:id', write, async (request, reply) => {
    const principal = caller(request);
    const [id, changes] = [idOf(request), validated(request.body, true)];
    const row = await inTransaction(pool, async (client) => {
      const { rows } = await client.query<Row>({
        name: 'lock',
        text: `SELECT ${COLUMNS} FROM records WHERE id = $1 AND owner_id = $2 AND deleted_at IS NULL
          AND ($3 OR classification <> 'restricted') FOR UPDATE`,
        values: [id, principal.subject, principal.scopes.has('data:restricted')],
      });
      const [found] = rows;
      if (!found) throw new Refusal('not_found');
      requireMatch(request.headers['if-match'], `"${found.version}"`);
      const content = 'content' in changes ? merge(JSON.parse(found.content), changes.content) : undefined;
      if (content !== undefined) requireContent(content);
      const updated = await client.query<Row>({
        name: 'update',
        text: `UPDATE records SET name = coalesce($3, name), classification = coalesce($4, classification),
            content = coalesce($5, content), tags = coalesce($6, tags), version = version + 1, updated_at = now()
          WHERE id = $1 AND owner_id = $2 RETURNING ${COLUMNS}`,
        values: [
          id,
          principal.subject,
          changes.name ?? null,
          changes.classification ?? null,
          content === undefined ? null : JSON.stringify(content),
          changes.tags === null ? [] : (changes.tags ?? null),
        ],
      });
      await audit(client, principal, 'record.updated', id, { fields: Object.keys(changes) }, request.id);
      return updated.rows[0] as Row;
    });
    return reply.headers({ etag: `"${row.version}"`, 'content-type': JSON_TYPE }).send(textOf(row));
  });
}

function requireMatch(precondition: string | undefined, etag: string): void {
  if (precondition === undefined) throw new Refusal('precondition_required');
  if (precondition !== '*' && precondition !== etag) throw new Refusal('precondition_failed');
}

function validated(body: unknown, patch: boolean): Input {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('');
  for (const name of Object.keys(body)) {
    if (name !== 'name' && name !== 'classification' && name !== 'content' && name !== 'tags') throw invalid(name);
  }
  const input = body as Input;
  const { name, classification, content, tags } = input;
  const absent = (member: string) => patch && !(member in input);
  if (!absent('name') && !(typeof name === 'string' && name !== '' && [...name].length <= 200)) throw invalid('name');
  if (!absent('classification') && !CLASSIFICATIONS.has(classification as string)) throw invalid('classification');
  if (patch ? content === null : !('content' in input)) throw invalid('content');
  if (!patch) requireContent(content);
  if (tags !== undefined && !(patch && tags === null) && !areTags(tags)) throw invalid('tags');
  return input;
}

function requireContent(content: unknown): void {
  if (depthOf(content) > 32 || Buffer.byteLength(JSON.stringify(content)) > 65_536) throw invalid('content');
}

const areTags = (tags: unknown): boolean =>
  Array.isArray(tags) &&
  tags.length <= 20 &&
  tags.every((tag) => typeof tag === 'string' && tag !== '' && [...tag].length <= 50);

const invalid = (member: string) => new Refusal('validation_failed', { pointer: `/${member}` });

/** RFC 7396. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target);
  const merged: Record<string, unknown> = isObject ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(merged[name], value);
  }
  return merged;
}

const cursorKey = randomBytes(32);
const tagOf = (payload: string, subject: string): string =>
  createHmac('sha256', cursorKey).update(`${subject} ${payload}`).digest('base64url').slice(0, 22);

function signCursor(position: readonly string[], subject: string): string {
  const payload = Buffer.from(JSON.stringify(position)).toString('base64url');
  return tagOf(payload, subject) + payload;
}

function openCursor(cursor: string, subject: string): [string, string] {
  const [tag, payload] = [Buffer.from(cursor.slice(0, 22)), cursor.slice(22)];
  const expected = Buffer.from(tagOf(payload, subject));
  if (tag.length !== 22 || !timingSafeEqual(tag, expected))
    throw new Refusal('validation_failed', { pointer: 'cursor' });
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as [string, string];
}

export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    await client.query('ROLLBACK').then(
      () => client.release(),
      (broken: Error) => client.release(broken),
    );
    throw error;
  }
}

type Actor = Pick<Principal, 'subject' | 'credentialId'> & { readonly kind: string };

export async function audit(
  client: pg.PoolClient,
  { kind, subject, credentialId }: Actor | { kind: 'anonymous'; subject: null; credentialId: null },
  action: string,
  target: string,
  details: object,
  requestId: string,
): Promise<void> {
  await client.query({
    name: 'audit',
    text: `INSERT INTO audit_events (id, actor_kind, actor_id, credential_id, action, target_id, details, request_id)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [newId(), kind, subject, credentialId, action, target, JSON.stringify(details), requestId],
  });
}
