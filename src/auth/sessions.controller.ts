import { Controller, Delete, Get, HttpCode } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FirstParty, RequireRoles, RequireScopes } from '../security/access.decorators.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { RecordId } from '../security/record-id.js';
import { SessionList, SessionView } from './session.dto.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('sessions')
@Controller()
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get('auth/sessions')
  @ApiOperation({ summary: 'Where I am signed in.' })
  @RequireScopes('sessions:read')
  @FirstParty()
  @ApiOkResponse({ type: SessionList })
  async list(@CurrentCaller() caller: Caller): Promise<SessionList> {
    const sessions = await this.sessions.list(caller);
    return { items: sessions.map((each) => SessionView.from(each, caller.credentialId)), nextCursor: null };
  }

  @Delete('auth/sessions/:id')
  @ApiOperation({ summary: 'Ends one of my sessions.' })
  @HttpCode(204)
  @RequireScopes('sessions:write')
  @FirstParty()
  @ApiNoContentResponse()
  async end(@CurrentCaller() caller: Caller, @RecordId() id: string): Promise<void> {
    await this.sessions.end(caller, id);
  }

  @Delete('auth/sessions')
  @ApiOperation({ summary: 'Ends all my sessions but this one.' })
  @HttpCode(204)
  @RequireScopes('sessions:write')
  @FirstParty()
  @ApiNoContentResponse()
  async endOthers(@CurrentCaller() caller: Caller): Promise<void> {
    await this.sessions.endOthers(caller);
  }

  @Delete('users/:id/sessions')
  @ApiOperation({ summary: 'Ends every session of a user.' })
  @HttpCode(204)
  @RequireScopes('users:write')
  @RequireRoles('admin')
  @ApiNoContentResponse()
  async endAll(@CurrentCaller() caller: Caller, @RecordId() id: string): Promise<void> {
    await this.sessions.endAll(caller, id);
  }
}
