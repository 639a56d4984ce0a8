import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Invitation } from './invitation.entity.js';
import { InvitationsService } from './invitations.service.js';
import { MeController } from './me.controller.js';
import { UserChanges } from './user-changes.js';
import { UserListService } from './user-list.service.js';
import { User } from './user.entity.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([User, Invitation])],
  controllers: [MeController, UsersController],
  providers: [UsersService, UserListService, InvitationsService, UserChanges],
  exports: [UsersService, InvitationsService, UserChanges],
})
export class UsersModule {}
