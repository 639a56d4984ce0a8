import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { applyKeyset } from '../database/keyset.js';
import { Cursors } from '../security/cursors.js';
import { type Page, toPage } from '../security/page.js';
import type { Caller } from '../security/principal.js';
import { foldText } from './fold-text.js';
import { User } from './user.entity.js';
import type { ListUsers } from './users.dto.js';

const DEFAULT_LIMIT = 20;

/** Pages of users for those who may see them. */
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
    const query = this.users.createQueryBuilder('u').where('TRUE');
    if (role) query.andWhere('u.roles @> ARRAY[:role]', { role });
    if (status) query.andWhere('u.status = :status', { status });
    if (q) query.andWhere('(strpos(u.email_key, :q) > 0 OR strpos(u.username_key, :q) > 0)', { q: foldText(q) });
    const keyset = { column: 'u.created_at', id: 'u.id', descending: sort.startsWith('-') };
    const rows = await applyKeyset(query, keyset, after, size).getMany();
    return toPage(rows, size, (last) => this.cursors.sign(scope, [last.createdAt.toISOString(), last.id]));
  }
}
