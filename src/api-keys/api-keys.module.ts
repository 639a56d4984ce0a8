import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SecurityEventsModule } from '../security-events/security-events.module.js';
import { PersonalData } from '../security/personal-data.js';
import { UserChanges } from '../users/user-changes.js';
import { UsersModule } from '../users/users.module.js';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeyView } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';
import { KeyUsage } from './key-usage.js';

@Module({
  imports: [TypeOrmModule.forFeature([ApiKey, ApiKeySecret]), SecurityEventsModule, UsersModule],
  controllers: [ApiKeysController],
  providers: [ApiKeysService, ApiKeyStrategy, KeyUsage],
  exports: [ApiKeysService],
})
export class ApiKeysModule implements OnModuleInit {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly personalData: PersonalData,
    private readonly changes: UserChanges,
  ) {}

  onModuleInit(): void {
    this.changes.onReclaimed((manager, userId) => this.keys.deleteAllOf(manager, userId));
    this.personalData.register('apiKeys', {
      export: async (owner) => {
        const keys = await this.keys.list(owner);
        return keys.map((key) => ApiKeyView.from(key, this.keys.prefixOf(key)));
      },
    });
  }
}
