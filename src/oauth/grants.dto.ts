import { ApiProperty } from '@nestjs/swagger';
import type { NamedGrant } from './named-grant.js';

export class GrantView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  clientId: string;

  @ApiProperty({ description: 'What the application calls itself.' })
  clientName: string;

  @ApiProperty({ type: [String] })
  scopes: string[];

  @ApiProperty()
  createdAt: Date;

  @ApiProperty({ type: Date, nullable: true })
  lastUsedAt: Date | null;

  @ApiProperty()
  expiresAt: Date;

  static from(grant: NamedGrant): GrantView {
    const { id, clientId, clientName, scopes, createdAt, lastUsedAt, expiresAt } = grant;
    return { id, clientId, clientName, scopes, createdAt, lastUsedAt, expiresAt };
  }
}

export class GrantList {
  @ApiProperty({ type: [GrantView] })
  items: GrantView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
