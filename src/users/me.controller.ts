import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '../security/access.decorators.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { UpdateMe, UserView } from './users.dto.js';
import { UsersService } from './users.service.js';

@ApiTags('profile')
@Controller('users/me')
export class MeController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiOperation({ summary: 'Who I am.' })
  @RequireScopes('profile:read')
  @ApiOkResponse({ type: UserView })
  async get(@CurrentCaller() caller: Caller): Promise<UserView> {
    return UserView.from(await this.users.getUser(caller.subject));
  }

  @Patch()
  @ApiOperation({ summary: 'Changes my username or display name.' })
  @RequireScopes('profile:write')
  @ApiOkResponse({ type: UserView })
  async update(@CurrentCaller() caller: Caller, @Body() changes: UpdateMe): Promise<UserView> {
    return UserView.from(await this.users.updateMe(caller, changes));
  }
}
