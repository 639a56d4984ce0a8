import { ApiProperty } from '@nestjs/swagger';
import type { Session } from './session.entity.js';

export class SessionView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, nullable: true, description: 'The client as it named itself at login.' })
  client: string | null;

  @ApiProperty({ description: 'The network of the address at login.' })
  network: string;

  @ApiProperty()
  createdAt: Date;

  @ApiProperty()
  lastUsedAt: Date;

  @ApiProperty()
  expiresAt: Date;

  @ApiProperty({ description: 'Whether it is the session of this request.' })
  current: boolean;

  static from(session: Session, currentId: string): SessionView {
    const { id, userAgent: client, network, createdAt, lastUsedAt, idleExpiresAt: expiresAt } = session;
    return { id, client, network, createdAt, lastUsedAt, expiresAt, current: id === currentId };
  }
}

export class SessionList {
  @ApiProperty({ type: [SessionView] })
  items: SessionView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
