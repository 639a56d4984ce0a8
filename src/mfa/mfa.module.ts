import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AttemptsModule } from '../attempts/attempts.module.js';
import { PasskeysModule } from '../passkeys/passkeys.module.js';
import { SecurityEventsModule } from '../security-events/security-events.module.js';
import { UsersModule } from '../users/users.module.js';
import { MfaController } from './mfa.controller.js';
import { MfaResetController } from './mfa-reset.controller.js';
import { MfaService } from './mfa.service.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { RecoveryCodesService } from './recovery-codes.service.js';
import { SecondFactorsService } from './second-factors.service.js';
import { TotpFactor } from './totp-factor.entity.js';
import { TotpService } from './totp.service.js';

/** Second factors: what somebody has besides a password. Login and step-up ask here. */
@Module({
  imports: [
    TypeOrmModule.forFeature([TotpFactor, RecoveryCode]),
    UsersModule,
    SecurityEventsModule,
    AttemptsModule,
    PasskeysModule,
  ],
  controllers: [MfaController, MfaResetController],
  providers: [MfaService, SecondFactorsService, TotpService, RecoveryCodesService],
  exports: [MfaService, SecondFactorsService],
})
export class MfaModule {}
