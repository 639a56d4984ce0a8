import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { KeyUsage } from './key-usage.js';

@Module({
  imports: [TypeOrmModule.forFeature([ApiKey, ApiKeySecret])],
  controllers: [ApiKeysController],
  providers: [ApiKeysService, ApiKeyStrategy, KeyUsage],
  exports: [ApiKeysService],
})
export class ApiKeysModule {}
