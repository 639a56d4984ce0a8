import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { SecurityEventsModule } from '../security-events/security-events.module.js';
import { PersonalData } from '../security/personal-data.js';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeyView } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';
import { KeyUsage } from './key-usage.js';

@Module({
  imports: [TypeOrmModule.forFeature([ApiKey, ApiKeySecret]), SecurityEventsModule],
  controllers: [ApiKeysController],
  providers: [ApiKeysService, ApiKeyStrategy, KeyUsage],
  exports: [ApiKeysService],
})
export class ApiKeysModule implements OnModuleInit {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly personalData: PersonalData,
    @Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>,
  ) {}

  onModuleInit(): void {
    this.personalData.register('apiKeys', {
      export: async (owner) => {
        const keys = await this.keys.list(owner);
        return keys.map((key) => ApiKeyView.from(key, this.config.keyEnvironment));
      },
    });
  }
}
