import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Pool, PoolClient } from 'pg';
import type { Principal } from './authentication.js';
import { arrayOf, audit, inTransaction, query } from './database.js';
import { JSON_TYPE, namesTag } from './headers.js';
import { newId } from './ids.js';
import { insufficientScope, Refusal } from './problems.js';
import { callerOf, COLUMNS, idOf, OWN, recordOf, type RecordText, textOf } from './records.js';
import { mergedText, newRecord, recordPatch, type RecordInput } from './validation.js';

const RESTRICTED = 'data:restricted';
const INSERT = {
  name: 'insert',
  text: `INSERT INTO records (id, owner_id, name, classification, content, tags, version, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)`,
};
const LOCK = { name: 'lock', text: `SELECT ${COLUMNS} FROM records r WHERE ${OWN} FOR UPDATE` };
const UPDATE = {
  name: 'update',
  text: `UPDATE records SET name = $3, classification = $4, content = $5, tags = $6, version = $7, updated_at = $8
    WHERE id = $1 AND owner_id = $2`,
};
const UPDATE_REST = {
  name: 'update but content',
  text: `UPDATE records SET name = $3, classification = $4, tags = $5, version = $6, updated_at = $7
    WHERE id = $1 AND owner_id = $2`,
};

function requireClassification({ scopes }: Principal, classification: string): void {
  if (classification === 'restricted' && !scopes.has(RESTRICTED)) throw insufficientScope(RESTRICTED);
}

async function create(pool: Pool, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const caller = callerOf(request);
  const { name, classification, content, tags } = newRecord(request.body);
  requireClassification(caller, classification);
  // What is repeated is not a part of the comparison.
  if (request.headers['idempotency-key'] !== undefined) throw new Refusal('idempotency_key_invalid');
  const [id, now, labels] = [newId(), new Date().toISOString(), tags ?? []];
  await inTransaction(pool, async (client) => {
    await query(client, INSERT, [id, caller.subject, name, classification, content, arrayOf(labels), now]);
    await audit(client, caller, request.id, ['record.created', id, { classification }]);
  });
  void reply.code(201).header('etag', '"1"').header('location', `/api/v1/data/${id}`);
  const record: RecordText = [id, name, classification, content, JSON.stringify(labels), '1', now, now];
  return reply.header('content-type', JSON_TYPE).send(textOf(record));
}

async function update(pool: Pool, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const caller = callerOf(request);
  const patch = recordPatch(request.body);
  const id = idOf(request);
  const record = await inTransaction(pool, (client) => change(client, request, caller, { id, patch }));
  return reply.header('etag', `"${record[5]}"`).header('content-type', JSON_TYPE).send(textOf(record));
}

async function change(
  client: PoolClient,
  request: FastifyRequest,
  caller: Principal,
  { id, patch }: { id: string; patch: RecordInput },
): Promise<RecordText> {
  const { subject, scopes } = caller;
  const [row] = await query(client, LOCK, [id, subject, scopes.has(RESTRICTED) ? 'true' : 'false']);
  if (!row) throw new Refusal('not_found');
  const found = recordOf(row);
  requireMatch(request.headers['if-match'], `"${found[5]}"`);
  const fields = Object.keys(patch);
  if (fields.length === 0) return found;
  if (patch.classification !== undefined) requireClassification(caller, patch.classification);
  const { name = found[1], classification = found[2] } = patch;
  const tags = patch.tags === undefined ? (JSON.parse(found[4]) as string[]) : (patch.tags ?? []);
  const merges = 'content' in patch;
  const content = merges ? mergedText(merge(JSON.parse(found[3]), patch.content)) : found[3];
  const [version, now] = [String(Number(found[5]) + 1), new Date().toISOString()];
  const [statement, values] = merges ? [UPDATE, [content]] : [UPDATE_REST, []];
  await query(client, statement, [id, subject, name, classification, ...values, arrayOf(tags), version, now]);
  await audit(client, caller, request.id, ['record.updated', id, { fields }]);
  return [id, name, classification, content, JSON.stringify(tags), version, found[6], now];
}

function requireMatch(precondition: string | undefined, etag: string): void {
  if (precondition === undefined) throw new Refusal('precondition_required');
  if (!namesTag(precondition, etag, false)) throw new Refusal('precondition_failed');
}

type JsonObject = Record<string, unknown>;
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7396. No member is `__proto__`: the body was refused for it. Its depth is not known yet, so it does not recurse. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  const pending: [JsonObject, JsonObject][] = [[result, patch]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [object, changes] = next;
    for (const [name, changed] of Object.entries(changes)) {
      if (changed === null) delete object[name];
      else if (isObject(changed)) {
        const before = Object.hasOwn(object, name) ? object[name] : undefined;
        const after = isObject(before) ? { ...before } : {};
        object[name] = after;
        pending.push([after, changed]);
      } else object[name] = changed;
    }
  }
  return result;
}

export function registerRecordWrites(server: FastifyInstance, pool: Pool): void {
  const config = { scope: 'data:write' };
  server.post('/api/v1/data', { config }, (request, reply) => create(pool, request, reply));
  const patch = { config: { ...config, patch: true } };
  server.patch('/api/v1/data/:id', patch, (request, reply) => update(pool, request, reply));
}
