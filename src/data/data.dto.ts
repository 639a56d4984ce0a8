import { ApiProperty } from '@nestjs/swagger';
import type { RecordText } from '../database/hot-reads.js';
import { field, type FieldOptions, IntegerParameter, OneOf, Text, TextList } from '../security/fields.js';
import { jsonSize, nestingDepth } from '../security/json-body.js';
import type { Page } from '../security/page.js';
import { type Classification, classifications } from './data-record.entity.js';
import type { DataRecord } from './data-record.entity.js';

const anyJson = {
  oneOf: [
    { type: 'object', additionalProperties: true },
    { type: 'array', items: {} },
    ...['string', 'number', 'boolean', 'null'].map((type) => ({ type })),
  ],
};

export const MAX_CONTENT_BYTES = 64 * 1024;
export const MAX_CONTENT_DEPTH = 32;

/** Whether content is within its bounds; also asked of what a merge results in. */
export const isContent = (value: unknown): boolean =>
  value !== undefined &&
  nestingDepth(value, MAX_CONTENT_DEPTH + 1) <= MAX_CONTENT_DEPTH &&
  jsonSize(value) <= MAX_CONTENT_BYTES;

const Content = (options?: FieldOptions) =>
  field(
    {
      name: 'content',
      detail: `Must be JSON of at most 64 kB and ${MAX_CONTENT_DEPTH} levels.`,
      accepts: isContent,
      schema: anyJson,
    },
    options,
  );

/** A change of content is merged before it is measured; `null` would remove it, which it cannot be. */
const ContentPatch = () =>
  field(
    {
      name: 'content',
      detail: 'Cannot be null.',
      accepts: (value) => value !== null,
      schema: anyJson,
    },
    { optional: true, description: 'A merge patch (RFC 7396) of the content.' },
  );

export class CreateRecord {
  @Text(1, 200)
  name: string;

  @OneOf(classifications)
  classification: Classification;

  @Content()
  content: unknown;

  @TextList(20, 1, 50, { optional: true })
  tags?: string[];
}

export class UpdateRecord {
  @Text(1, 200, { optional: true })
  name?: string;

  @OneOf(classifications, { optional: true })
  classification?: Classification;

  @ContentPatch()
  content?: unknown;

  @TextList(20, 1, 50, { optional: true, nullable: true })
  tags?: string[] | null;
}

export const recordSorts = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name'] as const;

export class ListRecords {
  @IntegerParameter(1, 100, { optional: true })
  limit?: string;

  @Text(1, 2048, { optional: true })
  cursor?: string;

  @OneOf(recordSorts, { optional: true })
  sort?: (typeof recordSorts)[number];

  @OneOf(classifications, { optional: true })
  classification?: Classification;

  @Text(1, 50, { optional: true })
  tag?: string;

  @Text(1, 200, { optional: true, description: 'Part of the name, without regard to case.' })
  q?: string;

  @OneOf(['true', 'false'], { optional: true, description: 'The deleted records in place of the live ones.' })
  deleted?: 'true' | 'false';
}

export class RecordView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ enum: classifications })
  classification: Classification;

  @ApiProperty(anyJson)
  content: unknown;

  @ApiProperty({ type: [String] })
  tags: string[];

  @ApiProperty({ type: 'integer' })
  version: number;

  @ApiProperty()
  createdAt: Date;

  @ApiProperty()
  updatedAt: Date;

  static from(record: Omit<DataRecord, 'ownerId' | 'deletedAt'>): RecordView {
    const { id, name, classification, content, tags, version, createdAt, updatedAt } = record;
    return { id, name, classification, content, tags, version, createdAt, updatedAt };
  }

  /** The same of a row that was read as text, as JSON. */
  static textOf({ id, name, classification, content, tags, version, createdAt, updatedAt }: RecordText): string {
    return (
      `{"id":"${id}","name":${JSON.stringify(name)},"classification":"${classification}","content":${content},` +
      `"tags":${tags},"version":${version},"createdAt":"${createdAt}","updatedAt":"${updatedAt}"}`
    );
  }
}

export class RecordPage {
  @ApiProperty({ type: [RecordView] })
  items: RecordView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null at the end of the list. A page may be short where few of many records pass the filters.',
  })
  nextCursor: string | null;

  static textOf({ items, nextCursor }: Page<RecordText>): string {
    return `{"items":[${items.map((record) => RecordView.textOf(record)).join(',')}],"nextCursor":${JSON.stringify(nextCursor)}}`;
  }
}
