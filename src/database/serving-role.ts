import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { databaseConfig } from '../config/database.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { excessOf } from './privileges.js';

/**
 * Says in production when the role that serves requests may do more than serve them. No refusal: a server may give a single role
 * to everybody, and then everything else still holds.
 */
@Injectable()
export class ServingRole implements OnApplicationBootstrap {
  private readonly logger = new Logger(ServingRole.name);

  constructor(
    private readonly dataSource: DataSource,
    @Inject(databaseConfig.KEY) private readonly config: ConfigOf<typeof databaseConfig>,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.warnOfExcess) return;
    const excess = await excessOf((sql) => this.dataSource.query(sql));
    if (excess.length > 0) this.logger.warn(`the role of DATABASE_URL ${excess.join(', ')}: see "npm run db:roles"`);
  }
}
