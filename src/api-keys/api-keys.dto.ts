import { ApiProperty } from '@nestjs/swagger';
import { parseCidrs } from '../config/address.js';
import { parseLimits } from '../config/limits.js';
import { field, type FieldOptions, Integer, isText, SomeOf, Text, Timestamp } from '../security/fields.js';
import { type Scope, scopes } from '../security/scopes.js';
import type { ApiKey } from './api-key.entity.js';

const MAX_OVERLAP_SECONDS = 7 * 86_400;
const MAX_CIDRS = 20;

const parses = (parse: () => unknown): boolean => {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
};

const Cidrs = (options?: FieldOptions) =>
  field(
    {
      name: 'cidrs',
      detail: `Must be up to ${MAX_CIDRS} networks such as 203.0.113.0/24 or 2001:db8::/32.`,
      accepts: (value) =>
        Array.isArray(value) &&
        value.length <= MAX_CIDRS &&
        value.every((item) => isText(item, 1, 50)) &&
        parses(() => parseCidrs(value)),
      schema: { type: 'array', items: { type: 'string' }, maxItems: MAX_CIDRS },
    },
    options,
  );

const RateLimit = (options?: FieldOptions) =>
  field(
    {
      name: 'rate_limit',
      detail: 'Must be limits such as 100/minute or 200/day;50/hour.',
      accepts: (value) => isText(value, 1, 100) && parses(() => parseLimits(value)),
      schema: { type: String, maxLength: 100 },
    },
    options,
  );

export class CreateApiKey {
  @Text(1, 100)
  name: string;

  @SomeOf(scopes)
  scopes: Scope[];

  @Timestamp({ optional: true })
  expiresAt?: string;

  @Cidrs({ optional: true })
  allowedCidrs?: string[];

  @RateLimit({ optional: true, example: '100/minute' })
  rateLimit?: string;
}

/** `null` removes the expiry or the limit. */
export class UpdateApiKey {
  @Text(1, 100, { optional: true })
  name?: string;

  @SomeOf(scopes, { optional: true })
  scopes?: Scope[];

  @Timestamp({ optional: true, nullable: true })
  expiresAt?: string | null;

  @Cidrs({ optional: true })
  allowedCidrs?: string[];

  @RateLimit({ optional: true, nullable: true })
  rateLimit?: string | null;
}

export class RotateApiKey {
  @Integer(0, MAX_OVERLAP_SECONDS, { optional: true, description: 'How long the old secret lives on.' })
  overlapSeconds?: number;
}

export class ApiKeyView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ description: 'The start of the key, to recognise it by.' })
  prefix: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ type: [String], enum: scopes })
  scopes: Scope[];

  @ApiProperty({ type: [String] })
  allowedCidrs: string[];

  @ApiProperty({ type: String, nullable: true })
  rateLimit: string | null;

  @ApiProperty({ type: Date, nullable: true })
  expiresAt: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  lastUsedAt: Date | null;

  @ApiProperty()
  createdAt: Date;

  @ApiProperty()
  updatedAt: Date;

  static from(key: ApiKey, prefix: string): ApiKeyView {
    const { id, name, scopes: granted, allowedCidrs, rateLimit, expiresAt, lastUsedAt, createdAt, updatedAt } = key;
    return { id, prefix, name, scopes: granted, allowedCidrs, rateLimit, expiresAt, lastUsedAt, createdAt, updatedAt };
  }
}

export class CreatedApiKey extends ApiKeyView {
  @ApiProperty({ description: 'The key itself, this one time.' })
  key: string;
}

export class ApiKeyList {
  @ApiProperty({ type: [ApiKeyView] })
  items: ApiKeyView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
