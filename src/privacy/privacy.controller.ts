import { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, HttpCode, Post, StreamableFile } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FirstParty, RequireScopes, RequireStepUp } from '../security/access.decorators.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { RouteLimit, Sensitive } from '../security/rate-limit.decorators.js';
import { SENSITIVE_CHANGE } from '../security/step-up.js';
import { ExportService } from './export.service.js';
import { DeletionView, RequestDeletion } from './privacy.dto.js';
import { PrivacyService } from './privacy.service.js';

@ApiTags('profile')
@Controller('users/me')
export class PrivacyController {
  constructor(
    private readonly privacy: PrivacyService,
    private readonly copies: ExportService,
  ) {}

  @Get('export')
  @ApiOperation({ summary: 'Everything stored about me.' })
  @RequireScopes('profile:read')
  @FirstParty()
  @RouteLimit('5/minute')
  @ApiOkResponse({ schema: { type: 'object' } })
  export(@CurrentCaller() caller: Caller): StreamableFile {
    return new StreamableFile(Readable.from(this.copies.export(caller), { objectMode: false }), {
      type: 'application/json; charset=utf-8',
      disposition: 'attachment; filename="export.json"',
    });
  }

  @Post('deletion')
  @ApiOperation({ summary: 'Deletes my account after a grace period.' })
  @HttpCode(202)
  @RequireScopes('profile:write')
  @FirstParty()
  @RequireStepUp(SENSITIVE_CHANGE)
  @Sensitive()
  @ApiAcceptedResponse({ type: DeletionView })
  async request(@CurrentCaller() caller: Caller, @Body() input: RequestDeletion): Promise<DeletionView> {
    return { dueAt: await this.privacy.requestDeletion(caller, input.password) };
  }

  @Delete('deletion')
  @ApiOperation({ summary: 'Undoes it.' })
  @HttpCode(204)
  @RequireScopes('profile:write')
  @FirstParty()
  @ApiNoContentResponse()
  async undo(@CurrentCaller() caller: Caller): Promise<void> {
    await this.privacy.undoDeletion(caller);
  }
}
