import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Who did what to which row. Ids and names of fields, never a personal value: audit outlives the person. */
@Entity('audit_events')
@Index('audit_events_by_time', ['at', 'id'])
@Index('audit_events_by_actor', ['actorId', 'at', 'id'])
@Index('audit_events_by_target', ['targetId', 'at', 'id'])
@Index('audit_events_by_user', { synchronize: false })
export class AuditEvent {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  at: Date;

  @Column('text', { name: 'actor_kind' })
  actorKind: string;

  @Column('uuid', { name: 'actor_id', nullable: true })
  actorId: string | null;

  @Column('uuid', { name: 'credential_id', nullable: true })
  credentialId: string | null;

  @Column('text')
  action: string;

  @Column('uuid', { name: 'target_id', nullable: true })
  targetId: string | null;

  @Column('json', { nullable: true })
  details: Record<string, unknown> | null;

  @Column('text', { name: 'request_id', nullable: true })
  requestId: string | null;
}
