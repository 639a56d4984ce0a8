import { Controller, Delete, Get, HttpCode } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FirstParty, RequireScopes } from '../security/access.decorators.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { RecordId } from '../security/record-id.js';
import { GrantList, GrantView } from './grants.dto.js';
import { GrantsService } from './grants.service.js';

@ApiTags('grants')
@Controller('users/me/grants')
export class GrantsController {
  constructor(private readonly grants: GrantsService) {}

  @Get()
  @ApiOperation({ summary: 'The applications that I have let in.' })
  @RequireScopes('sessions:read')
  @FirstParty()
  @ApiOkResponse({ type: GrantList })
  async list(@CurrentCaller() caller: Caller): Promise<GrantList> {
    const grants = await this.grants.list(caller);
    return { items: grants.map((grant) => GrantView.from(grant)), nextCursor: null };
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Ends what an application may do for me, with every token of it.' })
  @HttpCode(204)
  @RequireScopes('sessions:write')
  @FirstParty()
  @ApiNoContentResponse()
  async end(@CurrentCaller() caller: Caller, @RecordId() id: string): Promise<void> {
    await this.grants.end(caller, id);
  }
}
