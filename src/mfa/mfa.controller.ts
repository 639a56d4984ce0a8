import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FirstParty, RequireScopes, RequireStepUp } from '../security/access.decorators.js';
import { CurrentDevice, type Device } from '../security/device.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { RECENT_LOGIN } from '../security/step-up.js';
import { ConfirmTotp, MfaState, RecoveryCodes, TotpSetup } from './mfa.dto.js';
import { MfaService } from './mfa.service.js';

@ApiTags('profile')
@Controller('users/me/mfa')
export class MfaController {
  constructor(private readonly mfa: MfaService) {}

  @Get()
  @ApiOperation({ summary: 'My second factors.' })
  @RequireScopes('profile:read')
  @FirstParty()
  @ApiOkResponse({ type: MfaState })
  state(@CurrentCaller() caller: Caller): Promise<MfaState> {
    return this.mfa.state(caller.subject);
  }

  @Post('totp')
  @ApiOperation({ summary: 'A secret for an authenticator, to be confirmed by a code of it within an hour.' })
  @RequireScopes('profile:write')
  @FirstParty()
  @RequireStepUp(RECENT_LOGIN)
  @ApiCreatedResponse({ type: TotpSetup })
  beginTotp(@CurrentCaller() caller: Caller): Promise<TotpSetup> {
    return this.mfa.beginTotp(caller);
  }

  @Post('totp/confirm')
  @ApiOperation({ summary: 'Turns one-time passwords on. The answer is the only place that shows the recovery codes.' })
  @HttpCode(200)
  @RequireScopes('profile:write')
  @FirstParty()
  @RequireStepUp(RECENT_LOGIN)
  @ApiOkResponse({ type: RecoveryCodes })
  async confirmTotp(
    @CurrentCaller() caller: Caller,
    @Body() { code }: ConfirmTotp,
    @CurrentDevice() device: Device,
  ): Promise<RecoveryCodes> {
    return { recoveryCodes: await this.mfa.confirmTotp(caller, code, device) };
  }

  @Delete('totp')
  @ApiOperation({ summary: 'Turns one-time passwords off.' })
  @HttpCode(204)
  @RequireScopes('profile:write')
  @FirstParty()
  @RequireStepUp(RECENT_LOGIN)
  @ApiNoContentResponse()
  async deleteTotp(@CurrentCaller() caller: Caller, @CurrentDevice() device: Device): Promise<void> {
    await this.mfa.deleteTotp(caller, device);
  }

  @Post('recovery-codes')
  @ApiOperation({ summary: 'Ten new recovery codes; the old ones end. The answer is the only place that shows them.' })
  @RequireScopes('profile:write')
  @FirstParty()
  @RequireStepUp(RECENT_LOGIN)
  @ApiCreatedResponse({ type: RecoveryCodes })
  async renewCodes(@CurrentCaller() caller: Caller, @CurrentDevice() device: Device): Promise<RecoveryCodes> {
    return { recoveryCodes: await this.mfa.renewCodes(caller, device) };
  }
}
