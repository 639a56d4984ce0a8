import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FirstParty, RequireScopes } from '../security/access.decorators.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { SecurityEventList, SecurityEventView } from './security-events.dto.js';
import { SecurityEventsService } from './security-events.service.js';

@ApiTags('profile')
@Controller('users/me/security-events')
export class SecurityEventsController {
  constructor(private readonly events: SecurityEventsService) {}

  @Get()
  @ApiOperation({ summary: 'What happened to my account, the newest first.' })
  @RequireScopes('profile:read')
  @FirstParty()
  @ApiOkResponse({ type: SecurityEventList })
  async list(@CurrentCaller() caller: Caller): Promise<SecurityEventList> {
    return { items: (await this.events.list(caller)).map((event) => SecurityEventView.from(event)), nextCursor: null };
  }
}
