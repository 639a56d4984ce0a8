import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/auth.module.js';
import { Housekeeping } from '../database/housekeeping.js';
import { OAuthClientsModule } from '../oauth-clients/oauth-clients.module.js';
import { OAuthClientsService } from '../oauth-clients/oauth-clients.service.js';
import { ProblemFilter } from '../errors/problem.filter.js';
import type { Problem } from '../errors/problem.js';
import { PersonalData } from '../security/personal-data.js';
import type { Caller } from '../security/principal.js';
import { UserChanges } from '../users/user-changes.js';
import { UsersModule } from '../users/users.module.js';
import { Accounts } from './accounts.js';
import { ArtifactsService } from './artifacts.service.js';
import { BrowserSessions } from './browser-sessions.service.js';
import { ClientLimits } from './client-limits.js';
import { ConsentService } from './consent.service.js';
import { DiscoveryController } from './discovery.controller.js';
import { GrantsController } from './grants.controller.js';
import { GrantView } from './grants.dto.js';
import { GrantsService } from './grants.service.js';
import { OAuthArtifact } from './oauth-artifact.entity.js';
import { Interactions } from './interactions.service.js';
import { type OAuthError, oauthErrorOf } from './oauth-error.js';
import { registrationErrorOf } from './registration-error.js';
import { OAuthGrant } from './oauth-grant.entity.js';
import { OAuthLayers } from './oauth-layers.js';
import { OAuthProvider } from './oauth-provider.service.js';
import { OAuthRoutes } from './oauth-routes.js';
import { OwnTokensService } from './own-tokens.service.js';
import { Registration } from './registration.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([OAuthArtifact, OAuthGrant]), AuthModule, OAuthClientsModule, UsersModule],
  controllers: [DiscoveryController, GrantsController],
  providers: [
    Accounts,
    ArtifactsService,
    BrowserSessions,
    ClientLimits,
    ConsentService,
    GrantsService,
    Interactions,
    OAuthLayers,
    OAuthProvider,
    OAuthRoutes,
    OwnTokensService,
    Registration,
  ],
  exports: [BrowserSessions, ConsentService, GrantsService, Interactions, OAuthRoutes],
})
export class OAuthModule implements OnModuleInit {
  constructor(
    private readonly housekeeping: Housekeeping,
    private readonly problems: ProblemFilter,
    private readonly personalData: PersonalData,
    private readonly changes: UserChanges,
    private readonly grants: GrantsService,
    private readonly clients: OAuthClientsService,
    private readonly provider: OAuthProvider,
  ) {}

  onModuleInit(): void {
    this.clients.onValidate((client) => this.provider.check(client));
    this.word('oauth', oauthErrorOf);
    this.word('registration', registrationErrorOf);
    this.changes.onReclaimed((manager, userId) => this.grants.deleteAllOf(manager, userId));
    this.personalData.register('grants', { export: (owner) => this.copyOf(owner) });
    this.housekeeping.registerExpired('codes and tokens that are over', 'oauth_artifacts');
    this.housekeeping.registerExpired('proofs that nobody can use again', 'used_proofs');
    this.housekeeping.registerExpired('revoked tokens that are over', 'oauth_ended_tokens');
    this.housekeeping.registerExpired('grants that are over', 'oauth_grants');
  }

  private word(name: string, errorOf: (problem: Problem) => OAuthError): void {
    this.problems.word(name, (problem) => ({
      body: JSON.stringify(errorOf(problem)),
      headers: { 'content-type': 'application/json; charset=utf-8' },
    }));
  }

  private async *copyOf(owner: Caller): AsyncGenerator<object> {
    for await (const grant of this.grants.copyOf(owner)) yield GrantView.from(grant);
  }
}
