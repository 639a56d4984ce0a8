import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FirstParty, Public, RequireScopes, RequireStepUp } from '../security/access.decorators.js';
import { CurrentDevice, type Device } from '../security/device.js';
import { type Actor, type Caller, CurrentActor, CurrentCaller } from '../security/principal.js';
import { Sensitive } from '../security/rate-limit.decorators.js';
import { SENSITIVE_CHANGE } from '../security/step-up.js';
import { Accepted } from './auth.dto.js';
import { PasswordChangesService } from './password-changes.service.js';
import { ChangePassword, ForgotPassword, ResetPassword } from './password.dto.js';

@ApiTags('auth')
@Controller()
export class PasswordController {
  constructor(private readonly changes: PasswordChangesService) {}

  @Post('auth/password/forgot')
  @ApiOperation({ summary: 'Sends a link for a new password. The same answer for every address.' })
  @HttpCode(202)
  @Public()
  @Sensitive()
  @ApiAcceptedResponse({ type: Accepted })
  async forgot(@Body() input: ForgotPassword): Promise<Accepted> {
    await this.changes.forgot(input.email);
    return { status: 'accepted' };
  }

  @Post('auth/password/reset')
  @ApiOperation({ summary: 'Sets a password with the token of a mail, once, and ends all sessions.' })
  @HttpCode(204)
  @Public()
  @Sensitive()
  @ApiNoContentResponse()
  async reset(
    @CurrentActor() actor: Actor,
    @Body() input: ResetPassword,
    @CurrentDevice() device: Device,
  ): Promise<void> {
    await this.changes.reset(actor, input, device);
  }

  @Post('users/me/password')
  @ApiTags('profile')
  @ApiOperation({ summary: 'Changes my password, and ends all my other sessions.' })
  @HttpCode(204)
  @RequireScopes('profile:write')
  @FirstParty()
  @RequireStepUp(SENSITIVE_CHANGE)
  @Sensitive()
  @ApiNoContentResponse()
  async change(
    @CurrentCaller() caller: Caller,
    @Body() input: ChangePassword,
    @CurrentDevice() device: Device,
  ): Promise<void> {
    await this.changes.change(caller, input, device);
  }
}
