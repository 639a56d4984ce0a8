import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { AccountModule } from './account/account.module.js';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { AttemptsModule } from './attempts/attempts.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { ChallengesModule } from './challenges/challenges.module.js';
import type { Env } from './config/env.js';
import { namespaces } from './config/namespaces.js';
import { DataModule } from './data/data.module.js';
import { DatabaseModule } from './database/database.module.js';
import { DocsModule } from './docs/docs.module.js';
import { HealthModule } from './health/health.module.js';
import { MailModule } from './mail/mail.module.js';
import { MfaModule } from './mfa/mfa.module.js';
import { OAuthClientsModule } from './oauth-clients/oauth-clients.module.js';
import { OAuthModule } from './oauth/oauth.module.js';
import { PagesModule } from './pages/pages.module.js';
import { OutsideProvidersModule } from './outside-providers/outside-providers.module.js';
import { PasskeysModule } from './passkeys/passkeys.module.js';
import { PrivacyModule } from './privacy/privacy.module.js';
import { SecurityEventsModule } from './security-events/security-events.module.js';
import { SecurityModule } from './security/security.module.js';
import { SignInModule } from './sign-in/sign-in.module.js';
import { UsersModule } from './users/users.module.js';

/** The floor plan. */
@Module({})
export class AppModule {
  /** The application with these settings; nothing is read from the process. */
  static with(env: Env): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          skipProcessEnv: true,
          load: namespaces.map((each) => each.from(env)),
        }),
        DatabaseModule,
        SecurityModule,
        AuditModule,
        MailModule,
        UsersModule,
        AttemptsModule,
        ChallengesModule,
        MfaModule,
        PasskeysModule,
        AuthModule,
        ApiKeysModule,
        OAuthClientsModule,
        OAuthModule,
        OutsideProvidersModule,
        SignInModule,
        AccountModule,
        DataModule,
        SecurityEventsModule,
        PrivacyModule,
        HealthModule,
        DocsModule,
        PagesModule,
      ],
    };
  }
}
