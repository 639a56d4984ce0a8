import { Controller, Delete, HttpCode } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FirstParty, RequireRoles, RequireScopes, RequireStepUp } from '../security/access.decorators.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { RecordId } from '../security/record-id.js';
import { SENSITIVE_CHANGE } from '../security/step-up.js';
import { MfaService } from './mfa.service.js';

@ApiTags('users')
@Controller('users/:id/mfa')
export class MfaResetController {
  constructor(private readonly mfa: MfaService) {}

  @Delete()
  @ApiOperation({ summary: 'Takes every second factor from somebody else who has lost them, who is told.' })
  @HttpCode(204)
  @RequireScopes('users:write')
  @RequireRoles('admin')
  @FirstParty()
  @RequireStepUp(SENSITIVE_CHANGE)
  @ApiNoContentResponse()
  async reset(@CurrentCaller() caller: Caller, @RecordId() id: string): Promise<void> {
    await this.mfa.reset(caller, id);
  }
}
