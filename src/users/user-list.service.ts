import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type SelectQueryBuilder } from 'typeorm';
import { applyKeyset, readFiltered, readWindow } from '../database/keyset.js';
import { Cursors } from '../security/cursors.js';
import { type Page, toPage } from '../security/page.js';
import type { Caller } from '../security/principal.js';
import { foldText } from './fold-text.js';
import { User } from './user.entity.js';
import { UserSearch } from './user-search.js';
import type { ListUsers } from './users.dto.js';

type Query = SelectQueryBuilder<User>;

const DEFAULT_LIMIT = 20;
/** So many users are looked at first: a text that one in fifty has fills a page of them. */
const NEAR = 1000;

/**
 * Pages of users for those who may see them. A search ends with the first of three that can: the page is near in its order;
 * few users have the text, and an index finds them; or a page of a bounded part of the users, which may be short.
 */
@Injectable()
export class UserListService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly cursors: Cursors,
    private readonly search: UserSearch,
  ) {}

  /** Throws 400 `cursor_invalid`. */
  async list(caller: Caller, { role, status, q, sort = 'createdAt', limit, cursor }: ListUsers): Promise<Page<User>> {
    const size = Number(limit ?? DEFAULT_LIMIT);
    const scope = ['users', caller.subject, role ?? '', status ?? '', q ?? '', sort];
    const after = this.cursors.open(scope, cursor);
    const make = () => this.users.createQueryBuilder('u').where('TRUE');
    const list = (query: Query) => listOf(query, { role, status });
    const keyset = { column: 'u.created_at', id: 'u.id', descending: sort.startsWith('-') };
    const sign = (at: Date, id: string) => this.cursors.sign(scope, [at.toISOString(), id]);
    const page = (rows: User[]) => toPage(rows, size, (last) => sign(last.createdAt, last.id));
    if (!q) return page(await applyKeyset(list(make()), keyset, after, size).getMany());
    const parts = { make, list, filter: (query: Query) => containing(query, q) };
    // Of everybody there is always more; a role or a status may be so rare that nothing needs an index.
    const near =
      role || status
        ? await readFiltered(parts, keyset, after, size, NEAR)
        : { rows: await readWindow(parts, keyset, after, size, NEAR), end: undefined };
    if (near.rows.length > size || near.end === null) return page(near.rows);
    const few = await this.search.findFew(q);
    if (few) {
      const found = list(make()).andWhere('u.id = ANY (:few)', { few });
      return page(await applyKeyset(found, keyset, after, size).getMany());
    }
    const { rows, end } = await readFiltered(parts, keyset, after, size);
    return end ? { ...page(rows), nextCursor: sign(end.value as Date, end.id) } : page(rows);
  }
}

function listOf(query: Query, { role, status }: Pick<ListUsers, 'role' | 'status'>): Query {
  if (role) query.andWhere('u.roles @> ARRAY[:role]', { role });
  if (status) query.andWhere('u.status = :status', { status });
  return query;
}

function containing(query: Query, text: string): void {
  query.andWhere('(strpos(u.email_key, :part) > 0 OR strpos(u.username_key, :part) > 0)', { part: foldText(text) });
}
