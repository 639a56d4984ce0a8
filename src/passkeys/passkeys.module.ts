import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChallengesModule } from '../challenges/challenges.module.js';
import { SecurityEventsModule } from '../security-events/security-events.module.js';
import { PersonalData } from '../security/personal-data.js';
import { UsersModule } from '../users/users.module.js';
import { WaysIn } from '../users/ways-in.js';
import { PasskeyAssertions } from './passkey-assertions.service.js';
import { PasskeyOptions } from './passkey-options.service.js';
import { PasskeyVerifier } from './passkey-verifier.service.js';
import { Passkey } from './passkey.entity.js';
import { PasskeysController } from './passkeys.controller.js';
import { PasskeyView } from './passkeys.dto.js';
import { PasskeysService } from './passkeys.service.js';

/** Passkeys, and the proof by one, for whatever asks who somebody is. */
@Module({
  imports: [TypeOrmModule.forFeature([Passkey]), UsersModule, SecurityEventsModule, ChallengesModule],
  controllers: [PasskeysController],
  providers: [PasskeysService, PasskeyAssertions, PasskeyOptions, PasskeyVerifier],
  exports: [PasskeysService, PasskeyAssertions],
})
export class PasskeysModule implements OnModuleInit {
  constructor(
    private readonly passkeys: PasskeysService,
    private readonly personalData: PersonalData,
    private readonly waysIn: WaysIn,
  ) {}

  onModuleInit(): void {
    this.waysIn.register('passkey', (manager, userId) => this.passkeys.isWayIn(userId, manager));
    this.personalData.register('passkeys', {
      export: async (owner) =>
        (await this.passkeys.list(owner)).map((each) => ({
          ...PasskeyView.from(each),
          credentialId: each.credentialId.toString('base64url'),
          counter: each.counter,
          uvInitialized: each.uvInitialized,
        })),
    });
  }
}
