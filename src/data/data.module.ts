import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { EntityManager } from 'typeorm';
import type { ConfigOf } from '../config/namespace.js';
import { retentionConfig } from '../config/retention.config.js';
import { Housekeeping } from '../database/housekeeping.js';
import { PersonalData } from '../security/personal-data.js';
import { DataListService } from './data-list.service.js';
import { DataRecord } from './data-record.entity.js';
import { DataController } from './data.controller.js';
import { DataService } from './data.service.js';
import { DataStore } from './data.store.js';
import { IdempotencyKey } from './idempotency-key.entity.js';
import { IdempotencyService } from './idempotency.service.js';

const PIECE = 1_000;

@Module({
  imports: [TypeOrmModule.forFeature([DataRecord, IdempotencyKey])],
  controllers: [DataController],
  providers: [DataService, DataListService, DataStore, IdempotencyService],
})
export class DataModule implements OnModuleInit {
  constructor(
    private readonly housekeeping: Housekeeping,
    private readonly personalData: PersonalData,
    private readonly lists: DataListService,
    @Inject(retentionConfig.KEY) private readonly retention: ConfigOf<typeof retentionConfig>,
  ) {}

  onModuleInit(): void {
    const { recordDays } = this.retention;
    this.personalData.register('records', {
      export: ({ subject }) => this.lists.copyOf(subject),
      async erase(manager, subject) {
        // Foreign keys take what is written meanwhile.
        await deleteAllOf(manager, 'idempotency_keys', 'subject', subject);
        await deleteAllOf(manager, 'records', 'owner_id', subject);
      },
    });
    this.housekeeping.registerSql(
      'purge deleted records',
      `WITH purged AS (DELETE FROM records WHERE ctid = ANY (ARRAY(SELECT ctid FROM records
         WHERE deleted_at < now() - make_interval(days => ${recordDays})
         ORDER BY deleted_at LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING id)
       INSERT INTO audit_events (id, actor_kind, action, target_id)
       SELECT gen_random_uuid(), 'system', 'record.purged', id FROM purged`,
    );
    this.housekeeping.registerExpired('expired idempotency keys', 'idempotency_keys');
  }
}

/** In pieces: a foreign key would take millions of rows in one statement, which would outlast its limit each time. */
async function deleteAllOf(manager: EntityManager, table: string, column: string, owner: string): Promise<void> {
  for (let deleted = PIECE; deleted === PIECE;) {
    [, deleted] = await manager.query<[unknown[], number]>(
      `DELETE FROM ${table} WHERE ctid IN (SELECT ctid FROM ${table} WHERE ${column} = $1 LIMIT $2)`,
      [owner, PIECE],
    );
  }
}
