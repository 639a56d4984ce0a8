import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { databaseConfig } from '../config/database.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { Housekeeping } from './housekeeping.js';
import { HotReads } from './hot-reads.js';
import { migrate, requireCurrentSchema } from './migrate.js';
import { servingOptions } from './options.js';
import { ServingRole } from './serving-role.js';
import { Subject } from './subject.entity.js';

/** One pool of connections. Refuses to start on a schema that is not this build's. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [databaseConfig.KEY],
      useFactory: (config: ConfigOf<typeof databaseConfig>) => ({
        ...servingOptions(config),
        autoLoadEntities: true,
        // Whoever starts the process starts it again; a retry here would only delay the reason.
        toRetry: () => false,
        migrateWith: config.migration,
      }),
      dataSourceFactory: async (options) => {
        const { migrateWith, ...rest } = options as typeof options & { migrateWith?: Parameters<typeof migrate>[0] };
        if (migrateWith) await migrate(migrateWith);
        const dataSource = await new DataSource(rest).initialize();
        await requireCurrentSchema(dataSource).catch(async (error: unknown) => {
          // Nobody else would: what keeps connections keeps a command alive that has said why it fails.
          await dataSource.destroy();
          throw error;
        });
        return dataSource;
      },
    }),
    TypeOrmModule.forFeature([Subject]),
  ],
  providers: [HotReads, Housekeeping, ServingRole],
  exports: [HotReads, Housekeeping],
})
export class DatabaseModule {}
