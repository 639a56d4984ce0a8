import { Module, type OnModuleInit } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AttemptsModule } from '../attempts/attempts.module.js';
import { Housekeeping } from '../database/housekeeping.js';
import { ChallengesModule } from '../challenges/challenges.module.js';
import { MfaModule } from '../mfa/mfa.module.js';
import { PasskeysModule } from '../passkeys/passkeys.module.js';
import { PersonalData } from '../security/personal-data.js';
import { SecurityEventsModule } from '../security-events/security-events.module.js';
import { UsersModule } from '../users/users.module.js';
import { WaysIn } from '../users/ways-in.js';
import { AccessTokenProofs } from './access-token-proofs.service.js';
import { AccessTokensService } from './access-tokens.service.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { BreachedPasswords } from './breached-passwords.js';
import { EmailChangeService } from './email-change.service.js';
import { EmailController } from './email.controller.js';
import { EmailToken } from './email-token.entity.js';
import { EmailTokensService } from './email-tokens.service.js';
import { EmailVerificationService } from './email-verification.service.js';
import { LoginStepsController } from './login-steps.controller.js';
import { LoginStepsService } from './login-steps.service.js';
import { StepUpService } from './step-up.service.js';
import { JwksController } from './jwks.controller.js';
import { JwtStrategy } from './jwt.strategy.js';
import { PasskeyLoginController } from './passkey-login.controller.js';
import { PasskeyLoginService } from './passkey-login.service.js';
import { PasswordChangesService } from './password-changes.service.js';
import { PasswordController } from './password.controller.js';
import { PasswordHasher } from './password-hasher.js';
import { Password } from './password.entity.js';
import { PasswordPolicy } from './password-policy.service.js';
import { PasswordsService } from './passwords.service.js';
import { RefreshService } from './refresh.service.js';
import { RefreshToken } from './refresh-token.entity.js';
import { Session } from './session.entity.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { SigningKeyChanges } from './signing-key-changes.service.js';
import { SigningKeyMaterial } from './signing-key-material.js';
import { SigningKey } from './signing-key.entity.js';
import { SigningKeysService } from './signing-keys.service.js';
import { TokenStandings } from './token-standings.service.js';

/** Nobody brings these back: what is refreshed has not been idle so long. */
const OVER = `SELECT ctid, id FROM sessions WHERE idle_expires_at < now() - interval '1 day' ORDER BY idle_expires_at LIMIT $1`;

@Module({
  imports: [
    PassportModule,
    TypeOrmModule.forFeature([Password, Session, RefreshToken, SigningKey, EmailToken]),
    UsersModule,
    AttemptsModule,
    ChallengesModule,
    MfaModule,
    SecurityEventsModule,
    PasskeysModule,
  ],
  controllers: [
    AuthController,
    LoginStepsController,
    EmailController,
    PasskeyLoginController,
    PasswordController,
    SessionsController,
    JwksController,
  ],
  providers: [
    AuthService,
    AccessTokenProofs,
    AccessTokensService,
    EmailChangeService,
    EmailTokensService,
    EmailVerificationService,
    JwtStrategy,
    LoginStepsService,
    StepUpService,
    BreachedPasswords,
    PasskeyLoginService,
    PasswordChangesService,
    PasswordHasher,
    PasswordPolicy,
    PasswordsService,
    RefreshService,
    SessionsService,
    SigningKeyChanges,
    SigningKeyMaterial,
    SigningKeysService,
    TokenStandings,
  ],
  exports: [
    AccessTokenProofs,
    AuthService,
    EmailVerificationService,
    LoginStepsService,
    PasskeyLoginService,
    PasswordChangesService,
    PasswordPolicy,
    PasswordsService,
    SessionsService,
    SigningKeysService,
    StepUpService,
  ],
})
export class AuthModule implements OnModuleInit {
  constructor(
    private readonly personalData: PersonalData,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly housekeeping: Housekeeping,
    private readonly signingKeys: SigningKeyChanges,
    private readonly waysIn: WaysIn,
  ) {}

  onModuleInit(): void {
    this.waysIn.register('password', (manager, userId) => this.passwords.isSet(userId, manager));
    this.personalData.register('password', { export: ({ subject }) => this.passwords.copyOf(subject) });
    this.personalData.register('sessions', { export: (owner) => this.sessions.copyOf(owner) });
    this.housekeeping.register('rotate signing keys by age', async () => {
      await this.signingKeys.rotateWhenOld();
      return false;
    });
    this.housekeeping.registerSql(
      'sealed successors after their grace',
      `UPDATE refresh_tokens SET successor_sealed = NULL WHERE ctid = ANY (ARRAY(SELECT ctid FROM refresh_tokens
         WHERE successor_sealed IS NOT NULL AND used_at < now() - interval '10 seconds'
         ORDER BY used_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    );
    this.housekeeping.registerSql(
      'sessions that are over',
      // Their tokens first: one that was used for months has thousands, and so many sessions at once would outlast the limit.
      `DELETE FROM refresh_tokens WHERE hash = ANY (ARRAY(SELECT t.hash
         FROM (${OVER}) AS s JOIN refresh_tokens t ON t.session_id = s.id LIMIT $1))`,
      `DELETE FROM sessions WHERE ctid = ANY (ARRAY(SELECT ctid FROM (${OVER} FOR UPDATE SKIP LOCKED) AS s))`,
    );
    this.housekeeping.registerSql(
      'revocations older than any replay',
      `DELETE FROM revocations WHERE id = ANY (ARRAY(SELECT id FROM revocations
         WHERE created_at < now() - interval '1 day' ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
    );
  }
}
