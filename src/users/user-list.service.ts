import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type SelectQueryBuilder } from 'typeorm';
import { applyKeyset, readFiltered } from '../database/keyset.js';
import { Cursors } from '../security/cursors.js';
import { type Page, toPage } from '../security/page.js';
import type { Caller } from '../security/principal.js';
import { foldText } from './fold-text.js';
import { User } from './user.entity.js';
import type { ListUsers } from './users.dto.js';

type Query = SelectQueryBuilder<User>;

const DEFAULT_LIMIT = 20;

/** Pages of users for those who may see them. One of a search looks at a bounded part of them, and may be short where little is found. */
@Injectable()
export class UserListService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly cursors: Cursors,
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
    if (!q) {
      const rows = await applyKeyset(list(make()), keyset, after, size).getMany();
      return toPage(rows, size, (last) => sign(last.createdAt, last.id));
    }
    const filter = (query: Query) => {
      query.andWhere('(strpos(u.email_key, :q) > 0 OR strpos(u.username_key, :q) > 0)', { q: foldText(q) });
    };
    const { rows, end } = await readFiltered({ make, list, filter }, keyset, after, size);
    const page = toPage(rows, size, (last) => sign(last.createdAt, last.id));
    return end ? { ...page, nextCursor: sign(end.value as Date, end.id) } : page;
  }
}

function listOf(query: Query, { role, status }: Pick<ListUsers, 'role' | 'status'>): Query {
  if (role) query.andWhere('u.roles @> ARRAY[:role]', { role });
  if (status) query.andWhere('u.status = :status', { status });
  return query;
}
