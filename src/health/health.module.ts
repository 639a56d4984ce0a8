import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller.js';
import { ManagementServer } from './management-server.js';
import { SecurityTxtController } from './security-txt.controller.js';

@Module({
  imports: [TerminusModule],
  controllers: [HealthController, SecurityTxtController],
  providers: [ManagementServer],
})
export class HealthModule {}
