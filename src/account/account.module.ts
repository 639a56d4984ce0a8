import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { MfaModule } from '../mfa/mfa.module.js';
import { OAuthModule } from '../oauth/oauth.module.js';
import { OutsideProvidersModule } from '../outside-providers/outside-providers.module.js';
import { PasskeysModule } from '../passkeys/passkeys.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountVisits } from './account-visits.service.js';
import { AccountController } from './account.controller.js';
import { AccountService } from './account.service.js';
import { PasskeysPageController } from './passkeys-page.controller.js';
import { ProvidersPageController } from './providers-page.controller.js';

@Module({
  imports: [ApiKeysModule, AuthModule, MfaModule, OAuthModule, OutsideProvidersModule, PasskeysModule, UsersModule],
  controllers: [AccountController, PasskeysPageController, ProvidersPageController],
  providers: [AccountService, AccountVisits],
})
export class AccountModule {}
