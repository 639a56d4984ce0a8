import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository, type SelectQueryBuilder } from 'typeorm';
import { NIL } from 'uuid';
import { HotReads, type RecordText } from '../database/hot-reads.js';
import { type Keyset, readFiltered } from '../database/keyset.js';
import { walk } from '../database/walk.js';
import { Cursors } from '../security/cursors.js';
import { type Page, toPage } from '../security/page.js';
import type { Caller } from '../security/principal.js';
import { DataRecord } from './data-record.entity.js';
import { type ListRecords, RecordView } from './data.dto.js';

type Query = SelectQueryBuilder<DataRecord>;

const DEFAULT_LIMIT = 20;
const COLUMNS = { createdAt: 'r.created_at', updatedAt: 'r.updated_at', name: 'r.name' } as const;

/**
 * Pages of the caller's records. Each is one range of an index of the owner, whatever else is in the table; a page of filtered
 * records looks at a bounded part of it, and may be short where little passes.
 */
@Injectable()
export class DataListService {
  constructor(
    @InjectRepository(DataRecord) private readonly records: Repository<DataRecord>,
    private readonly reads: HotReads,
    private readonly cursors: Cursors,
  ) {}

  /** As text, ready to be sent. Throws 400 `cursor_invalid`. */
  async list(owner: Caller, filter: ListRecords): Promise<Page<RecordText>> {
    const { sort = '-createdAt', limit, cursor, classification, tag, q, deleted = 'false' } = filter;
    const size = Number(limit ?? DEFAULT_LIMIT);
    const restricted = owner.scopes.has('data:restricted');
    const filters = [classification, tag, q].map((value) => value ?? null);
    const scope = ['data', owner.subject, String(restricted), JSON.stringify(filters), deleted, sort];
    const member = sort.replace('-', '') as keyof typeof COLUMNS;
    const keyset: Keyset = { column: COLUMNS[member], id: 'r.id', descending: sort.startsWith('-') };
    const after = this.cursors.open(scope, cursor);
    const sign = (value: Date | string, id: string) => this.cursors.sign(scope, [positionOf(value), id]);
    const pageOf = (rows: RecordText[]) => toPage(rows, size, (last) => sign(last[member], last.id));
    if (restricted && filters.every((value) => value === null)) {
      const { descending } = keyset;
      const range = { sort: member, descending, deleted: deleted === 'true', after: after?.map(String) ?? null };
      return pageOf(await this.reads.records(owner.subject, { ...range, limit: size + 1 }));
    }
    const make = () => this.records.createQueryBuilder('r');
    const list = (query: Query) => listOf(query, owner, deleted);
    const parts = { make, list, filter: (query: Query) => applyFilter(query, filter, restricted) };
    const { rows, end } = await readFiltered(parts, keyset, after, size);
    const page = pageOf(rows.map(textOf));
    return end ? { ...page, nextCursor: sign(end.value, end.id) } : page;
  }

  /** Every record of an owner, live and deleted, in the order of their ids. */
  async *copyOf(ownerId: string): AsyncGenerator<RecordView & { deletedAt: Date | null }> {
    const records = walk<DataRecord>((last, size) => {
      const id = MoreThan(last?.id ?? NIL);
      return this.records.find({ where: { ownerId, id }, order: { id: 'ASC' }, take: size });
    });
    for await (const record of records) yield { ...RecordView.from(record), deletedAt: record.deletedAt };
  }
}

function listOf(query: Query, { subject }: Caller, deleted: string): Query {
  return query
    .where('r.owner_id = :owner', { owner: subject })
    .andWhere(deleted === 'true' ? 'r.deleted_at IS NOT NULL' : 'r.deleted_at IS NULL');
}

function applyFilter(query: Query, filter: ListRecords, restricted: boolean): void {
  if (!restricted) query.andWhere(`r.classification <> 'restricted'`);
  if (filter.classification) query.andWhere('r.classification = :classification', filter);
  if (filter.tag) query.andWhere('r.tags @> ARRAY[:tag]', filter);
  // Not LIKE: whatever was sent is text to find, never a pattern. Both sides in one collation: in that of the column, which
  // is byte order, only ASCII has a lower case.
  if (filter.q) query.andWhere('strpos(lower(r.name COLLATE "default"), lower(:q)) > 0', filter);
}

const textOf = ({ content, tags, version, createdAt, updatedAt, ...rest }: DataRecord): RecordText => ({
  ...rest,
  content: JSON.stringify(content),
  tags: JSON.stringify(tags),
  version: String(version),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});

const positionOf = (value: Date | string): string => (value instanceof Date ? value.toISOString() : value);
