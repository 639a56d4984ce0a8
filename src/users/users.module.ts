import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Housekeeping } from '../database/housekeeping.js';
import { Invitation } from './invitation.entity.js';
import { InvitationsService } from './invitations.service.js';
import { MeController } from './me.controller.js';
import { UserChanges } from './user-changes.js';
import { UserListService } from './user-list.service.js';
import { UserSearch } from './user-search.js';
import { User } from './user.entity.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';
import { WaysIn } from './ways-in.js';

@Module({
  imports: [TypeOrmModule.forFeature([User, Invitation])],
  controllers: [MeController, UsersController],
  providers: [UsersService, UserListService, UserSearch, InvitationsService, UserChanges, WaysIn],
  exports: [UsersService, InvitationsService, UserChanges, WaysIn],
})
export class UsersModule implements OnModuleInit {
  constructor(private readonly housekeeping: Housekeeping) {}

  onModuleInit(): void {
    // The link alone: whoever was invited stays invited.
    this.housekeeping.registerExpired('invitations whose link is over', 'invitations');
  }
}
