import { ApiProperty } from '@nestjs/swagger';
import { type SecurityEvent, type SecurityEventKind, securityEventKinds } from './security-event.entity.js';

export class SecurityEventView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: securityEventKinds })
  kind: SecurityEventKind;

  @ApiProperty()
  at: Date;

  @ApiProperty({ type: String, nullable: true, description: 'The client as it named itself.' })
  client: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The network of its address.' })
  network: string | null;

  static from({ id, kind, at, userAgent: client, network }: SecurityEvent): SecurityEventView {
    return { id, kind, at, client, network };
  }
}

export class SecurityEventList {
  @ApiProperty({ type: [SecurityEventView] })
  items: SecurityEventView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
