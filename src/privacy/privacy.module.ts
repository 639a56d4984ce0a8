import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { UsersModule } from '../users/users.module.js';
import { ExportService } from './export.service.js';
import { PrivacyController } from './privacy.controller.js';
import { PrivacyService } from './privacy.service.js';

/** Above the features: they register what they know of a person, and none of them knows it. */
@Module({
  imports: [UsersModule, AuthModule],
  controllers: [PrivacyController],
  providers: [PrivacyService, ExportService],
})
export class PrivacyModule {}
