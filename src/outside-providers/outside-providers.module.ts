import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/auth.module.js';
import { ChallengesModule } from '../challenges/challenges.module.js';
import { MfaModule } from '../mfa/mfa.module.js';
import { SecurityEventsModule } from '../security-events/security-events.module.js';
import { PersonalData } from '../security/personal-data.js';
import { UserChanges } from '../users/user-changes.js';
import { UsersModule } from '../users/users.module.js';
import { WaysIn } from '../users/ways-in.js';
import { LinkedProviders } from './linked-providers.service.js';
import { OutsideAccount } from './outside-account.entity.js';
import { OUTSIDE, OutsideAccounts } from './outside-accounts.service.js';
import { OutsideFlows } from './outside-flows.service.js';
import { OutsideProvidersController } from './outside-providers.controller.js';
import { OutsideProviders } from './outside-providers.service.js';
import { OutsideRegistration } from './outside-registration.service.js';
import { OutsideSignIn } from './outside-sign-in.service.js';

/** Signing in with accounts that people have elsewhere. */
@Module({
  imports: [
    TypeOrmModule.forFeature([OutsideAccount]),
    AuthModule,
    ChallengesModule,
    MfaModule,
    SecurityEventsModule,
    UsersModule,
  ],
  controllers: [OutsideProvidersController],
  providers: [LinkedProviders, OutsideAccounts, OutsideFlows, OutsideProviders, OutsideRegistration, OutsideSignIn],
  exports: [LinkedProviders, OutsideAccounts, OutsideFlows, OutsideProviders, OutsideSignIn],
})
export class OutsideProvidersModule implements OnModuleInit {
  constructor(
    private readonly personalData: PersonalData,
    private readonly changes: UserChanges,
    private readonly waysIn: WaysIn,
    private readonly accounts: OutsideAccounts,
  ) {}

  onModuleInit(): void {
    this.personalData.register('outsideAccounts', { export: ({ subject }) => this.copyOf(subject) });
    this.waysIn.register(OUTSIDE, (manager, userId) => this.accounts.anyWorks(manager, userId));
    this.changes.onReclaimed((manager, userId) => this.accounts.deleteAllOf(manager, userId));
  }

  private async copyOf(userId: string): Promise<object[]> {
    return (await this.accounts.listOf(userId)).map(({ userId: _owner, ...account }) => account);
  }
}
