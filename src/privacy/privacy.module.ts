import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { DataModule } from '../data/data.module.js';
import { UsersModule } from '../users/users.module.js';
import { ExportService } from './export.service.js';
import { PrivacyController } from './privacy.controller.js';
import { PrivacyService } from './privacy.service.js';

/** Above the features: it asks each of them, and none of them knows it. */
@Module({
  imports: [UsersModule, AuthModule, ApiKeysModule, DataModule],
  controllers: [PrivacyController],
  providers: [PrivacyService, ExportService],
})
export class PrivacyModule {}
