import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Housekeeping } from '../database/housekeeping.js';
import { PersonalData } from '../security/personal-data.js';
import { UserChanges } from '../users/user-changes.js';
import { UsersModule } from '../users/users.module.js';
import { ClientSecretsService } from './client-secrets.service.js';
import { OAuthClientListService } from './oauth-client-list.service.js';
import { OAuthClientSecret } from './oauth-client-secret.entity.js';
import { OAuthClientView } from './oauth-client-view.dto.js';
import { OAuthClient } from './oauth-client.entity.js';
import { OAuthClientsController } from './oauth-clients.controller.js';
import { OAuthClientsService } from './oauth-clients.service.js';

/** The clients of the authorization server, which asks here who they are and what they may. */
@Module({
  imports: [TypeOrmModule.forFeature([OAuthClient, OAuthClientSecret]), UsersModule],
  controllers: [OAuthClientsController],
  providers: [OAuthClientsService, OAuthClientListService, ClientSecretsService],
  exports: [OAuthClientsService],
})
export class OAuthClientsModule implements OnModuleInit {
  constructor(
    private readonly clients: OAuthClientsService,
    private readonly lists: OAuthClientListService,
    private readonly personalData: PersonalData,
    private readonly userChanges: UserChanges,
    private readonly housekeeping: Housekeeping,
  ) {}

  onModuleInit(): void {
    const forget: typeof this.clients.forgetAllOf = (manager, ownerId) => this.clients.forgetAllOf(manager, ownerId);
    // The rows go by their foreign key.
    this.personalData.register('oauthClients', {
      export: async ({ subject }) =>
        (await this.lists.ownedBy(subject)).map((client) => ({
          ...OAuthClientView.from(client),
          disabledAt: client.disabledAt,
        })),
      erase: forget,
    });
    this.userChanges.onDisabled(forget);
    this.userChanges.onReclaimed((manager, ownerId) => this.clients.deleteAllOf(manager, ownerId));
    this.housekeeping.registerExpired('secrets of clients whose overlap is over', 'oauth_client_secrets');
  }
}
