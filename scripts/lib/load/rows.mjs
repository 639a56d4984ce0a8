// @ts-check
import { createHash } from 'node:crypto';
import { emailOf, nameOf, peopleWithShares, usernameOf } from './people.mjs';
import { Random } from './random.mjs';
import { AGENTS, KINDS, SUBJECTS, TAGS, TEXT } from './words.mjs';

/**
 * @typedef {import('./people.mjs').Plan} Plan
 * @typedef {import('./people.mjs').Person} Person
 * @typedef {{ id: string, person: Person, at: number }} Owned
 * @typedef {(string | number | null)[]} Row
 * @typedef {object} Table
 * @property {string} name
 * @property {string} columns
 * @property {Iterable<Row>} rows
 */

const DAY = 86_400_000;
/** So much of audit and of sessions is still there. */
const RECENT = 90 * DAY;

/**
 * Every table of one part in the order of its references. Rows are made as they are read: once, and from the first table on.
 * @param {Plan} plan
 * @param {number} part
 * @returns {Table[]}
 */
export function tablesOf(plan, part) {
  const people = peopleWithShares(plan, part);
  const named = (/** @type {string} */ name) => new Random(`${plan.tag} ${part} ${name}`);
  const hash = (/** @type {string} */ text) =>
    `\\x${createHash('sha256').update(`${plan.secret} ${part} ${text}`).digest('hex')}`;
  const from = { plan, people, named, hash, sessions: /** @type {Owned[]} */ ([]), keys: /** @type {Owned[]} */ ([]) };
  return [
    {
      name: 'users',
      columns:
        'id, email, email_key, email_verified_at, username, username_key, display_name, roles, status, created_at, updated_at',
      rows: users(from),
    },
    { name: 'passwords', columns: 'user_id, hash, changed_at', rows: passwords(from) },
    { name: 'invitations', columns: 'token_hash, user_id, expires_at', rows: invitations(from) },
    {
      name: 'sessions',
      columns:
        'id, user_id, client_id, user_agent, network, created_at, last_used_at, idle_expires_at, expires_at, ended_at',
      rows: sessions(from),
    },
    { name: 'refresh_tokens', columns: 'hash, session_id, parent_hash, used_at', rows: refreshTokens(from) },
    {
      name: 'api_keys',
      columns: 'id, public_id, owner_id, name, scopes, expires_at, last_used_at, created_at, updated_at',
      rows: apiKeys(from),
    },
    { name: 'api_key_secrets', columns: 'hash, key_id', rows: apiKeySecrets(from) },
    {
      name: 'records',
      columns: 'id, owner_id, name, classification, content, tags, version, created_at, updated_at, deleted_at',
      rows: records(from),
    },
    {
      name: 'audit_events',
      columns: 'id, at, actor_kind, actor_id, credential_id, action, target_id, details, request_id',
      rows: auditEvents(from),
    },
  ];
}

/** @typedef {{ plan: Plan, people: Person[], named: (name: string) => Random, hash: (text: string) => string, sessions: Owned[], keys: Owned[] }} From */

/** @param {From} from @returns {Generator<Row>} */
function* users({ plan, people }) {
  for (const { id, index, since, role, status } of people) {
    const email = emailOf(plan.tag, index);
    const username = usernameOf(plan.tag, index);
    const name = nameOf(index);
    const verified = status === 'active' ? time(since + 60_000) : null;
    yield [id, email, email, verified, username, username, name, `{${role}}`, status, time(since), time(since)];
  }
}

/** @param {From} from @returns {Generator<Row>} */
function* passwords({ plan, people }) {
  for (const { id, since, status } of people) if (status !== 'invited') yield [id, plan.hash, time(since)];
}

/** @param {From} from @returns {Generator<Row>} */
function* invitations({ plan, people, named, hash }) {
  const random = named('invitations');
  for (const { id, index, status } of people) {
    if (status === 'invited') yield [hash(`invitation ${index}`), id, time(plan.until + random.below(7 * DAY) + DAY)];
  }
}

/** @param {From} from @returns {Generator<Row>} */
function* sessions({ plan, people, named, sessions: made }) {
  const random = named('sessions');
  for (const person of people) {
    for (let left = person.status === 'active' ? random.pick([0, 1, 1, 1, 2, 3]) : 0; left > 0; left--) {
      const at = between(Math.max(person.since, plan.until - RECENT), plan.until, random);
      const used = between(at, plan.until, random);
      const network = `${1 + random.below(223)}.${random.below(256)}.${random.below(256)}.0/24`;
      const id = random.id(at);
      const ended = random.chance(0.1) ? time(used) : null;
      // Counted from the end, so that what is loaded is alive for some days more, whatever it was used.
      const idle = plan.until + DAY * (1 + random.below(14));
      made.push({ id, person, at });
      yield [
        id,
        person.id,
        'first-party',
        random.pick(AGENTS),
        network,
        time(at),
        time(used),
        time(idle),
        time(idle + 60 * DAY),
        ended,
      ];
    }
  }
}

/** @param {From} from @returns {Generator<Row>} */
function* refreshTokens({ named, hash, sessions: made }) {
  const random = named('refresh tokens');
  for (const { id, at } of made) {
    const rotations = random.below(4);
    for (let step = 0; step <= rotations; step++) {
      const parent = step === 0 ? null : hash(`token ${id} ${step - 1}`);
      yield [hash(`token ${id} ${step}`), id, parent, step < rotations ? time(at + (step + 1) * 600_000) : null];
    }
  }
}

/** @param {From} from @returns {Generator<Row>} */
function* apiKeys({ plan, people, named, hash, keys: made }) {
  const random = named('keys');
  for (const person of people) {
    if (person.role !== 'user' || person.status !== 'active' || !random.chance(0.2)) continue;
    const at = between(person.since, plan.until, random);
    const id = random.id(at);
    const publicId = hash(`key ${id}`).slice(2, 14);
    made.push({ id, person, at });
    const scopes = random.pick(['{data:read}', '{data:read,data:write}']);
    const expires = random.chance(0.5) ? time(plan.until + 30 * DAY + random.below(335 * DAY)) : null;
    const used = random.chance(0.7) ? time(between(at, plan.until, random)) : null;
    const name = `${random.pick(SUBJECTS)} ${random.pick(['import', 'export', 'sync', 'backup'])}`;
    yield [id, publicId, person.id, name, scopes, expires, used, time(at), time(at)];
  }
}

/** @param {From} from @returns {Generator<Row>} */
function* apiKeySecrets({ hash, keys: made }) {
  for (const { id } of made) yield [hash(`secret ${id}`), id];
}

/** @param {From} from @returns {Generator<Row>} */
function* records({ plan, people, named }) {
  const random = named('records');
  for (const person of people) {
    for (let left = person.records; left > 0; left--) {
      const at = between(person.since, plan.until, random);
      const version = random.chance(0.6) ? 1 : 2 + random.below(6);
      const changed = version === 1 ? at : between(at, plan.until, random);
      const deleted = random.chance(0.02) ? Math.max(changed, plan.until - random.below(29 * DAY)) : null;
      yield [
        random.id(at),
        person.id,
        titleOf(random, at),
        classificationOf(random),
        contentOf(random),
        tagsOf(random),
        version,
        time(at),
        time(changed),
        deleted === null ? null : time(deleted),
      ];
    }
  }
}

/** @param {From} from @returns {Generator<Row>} */
function* auditEvents(from) {
  const { plan, people, named, sessions: started, keys: made } = from;
  const random = named('audit');
  /** @type {(at: number, actor: string | null, action: string, target: string, details?: object) => Row} */
  const event = (at, actor, action, target, details) => [
    random.id(at),
    time(at),
    actor === null ? 'anonymous' : 'user',
    actor,
    null,
    action,
    target,
    details ? JSON.stringify(details) : null,
    random.id(at),
  ];
  for (const { id, since } of people) yield event(since, null, 'user.registered', id);
  for (const { id, person, at } of started) yield event(at, null, 'session.started', id, { userId: person.id });
  for (const { id, person, at } of made) yield event(at, person.id, 'key.created', id);
  // The same numbers again give the same records.
  for (const [id, owner, , , , , , created] of records(from)) {
    const at = Date.parse(String(created));
    if (at > plan.until - RECENT) yield event(at, String(owner), 'record.created', String(id));
  }
}

/** @param {number} begin @param {number} end @param {Random} random */
function between(begin, end, random) {
  return Math.floor(begin + (end - begin) * random.fraction());
}

/** @param {Random} random @param {number} at */
function titleOf(random, at) {
  return `${random.pick(KINDS)} ${random.pick(SUBJECTS)} ${new Date(at).getUTCFullYear()}-${random.below(100_000)}`;
}

/** @param {Random} random */
function classificationOf(random) {
  const luck = random.fraction();
  return luck < 0.15 ? 'public' : luck < 0.65 ? 'internal' : luck < 0.94 ? 'confidential' : 'restricted';
}

/** @param {Random} random */
function tagsOf(random) {
  const tags = new Set(Array.from({ length: random.pick([0, 1, 1, 2, 2, 3, 5]) }, () => random.pick(TAGS)));
  return `{${[...tags].join()}}`;
}

/** Most are small, some take a page, and few many. @param {Random} random */
function contentOf(random) {
  const luck = random.fraction();
  const times = luck < 0.8 ? 0 : luck < 0.98 ? 1 + random.below(3) : 8 + random.below(24);
  const body = {
    amount: random.below(1_000_000) / 100,
    currency: random.pick(['EUR', 'USD', 'JPY']),
    open: random.chance(0.3),
  };
  return JSON.stringify(times === 0 ? body : { ...body, lines: random.below(40), text: TEXT.repeat(times) });
}

const time = (/** @type {number} */ at) => new Date(at).toISOString();
