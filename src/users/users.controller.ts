import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireRoles, RequireScopes } from '../security/access.decorators.js';
import { linkNext } from '../security/page.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { RecordId } from '../security/record-id.js';
import { InvitationsService } from './invitations.service.js';
import { UserListService } from './user-list.service.js';
import { InvitedUser, InviteUser, ListUsers, UpdateUser, UserPage, UserView } from './users.dto.js';
import { UsersService } from './users.service.js';

@ApiTags('users')
@Controller('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly lists: UserListService,
    private readonly invitations: InvitationsService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Lists users.' })
  @RequireScopes('users:read')
  @ApiOkResponse({ type: UserPage })
  async list(
    @CurrentCaller() caller: Caller,
    @Query() filter: ListUsers,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserPage> {
    const page = await this.lists.list(caller, filter);
    linkNext(request, reply, page);
    return { items: page.items.map((user) => UserView.from(user)), nextCursor: page.nextCursor };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Shows a user.' })
  @RequireScopes('users:read')
  @ApiOkResponse({ type: UserView })
  async get(@RecordId() id: string): Promise<UserView> {
    return UserView.from(await this.users.getUser(id));
  }

  @Post()
  @ApiOperation({ summary: "Invites a person. Nobody sets another's password." })
  @RequireScopes('users:write')
  @RequireRoles('admin')
  @ApiCreatedResponse({ type: InvitedUser })
  async invite(@CurrentCaller() caller: Caller, @Body() input: InviteUser): Promise<InvitedUser> {
    const { user, url } = await this.invitations.invite(caller, input);
    return { ...UserView.from(user), invitationUrl: url };
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes roles or status; the last administrator cannot go.' })
  @RequireScopes('users:write')
  @RequireRoles('admin')
  @ApiOkResponse({ type: UserView })
  async update(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @Body() changes: UpdateUser,
  ): Promise<UserView> {
    return UserView.from(await this.users.update(caller, id, changes));
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Deletes a user and everything of theirs.' })
  @HttpCode(204)
  @RequireScopes('users:write')
  @RequireRoles('admin')
  @ApiNoContentResponse()
  async delete(@CurrentCaller() caller: Caller, @RecordId() id: string): Promise<void> {
    await this.users.delete(caller, id);
  }
}
