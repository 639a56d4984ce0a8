import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FirstParty, Public, RequireScopes } from '../security/access.decorators.js';
import { CurrentDevice, type Device } from '../security/device.js';
import { type Actor, type Caller, CurrentActor, CurrentCaller } from '../security/principal.js';
import { Sensitive } from '../security/rate-limit.decorators.js';
import { AccessTokensService } from './access-tokens.service.js';
import { AccessTokenView, TokenView } from './auth.dto.js';
import { AnswerMfa, ChoosePassword, StepUpInput } from './login-steps.dto.js';
import { LoginStepsService } from './login-steps.service.js';
import { REQUEST_OPTIONS } from './passkey-login.dto.js';
import { PasswordChangesService } from './password-changes.service.js';
import { StepUpService } from './step-up.service.js';

@ApiTags('auth')
@Controller('auth')
export class LoginStepsController {
  constructor(
    private readonly steps: LoginStepsService,
    private readonly changes: PasswordChangesService,
    private readonly stepUps: StepUpService,
    private readonly tokens: AccessTokensService,
  ) {}

  @Post('login/mfa')
  @ApiOperation({ summary: 'Answers the challenge of a login with a second factor.' })
  @HttpCode(200)
  @Public()
  @Sensitive()
  @ApiOkResponse({ type: TokenView })
  async answerMfa(
    @CurrentActor() actor: Actor,
    @Body() input: AnswerMfa,
    @CurrentDevice() device: Device,
  ): Promise<TokenView> {
    return this.tokens.respondTo(await this.steps.answerMfa(actor, input, device));
  }

  @Post('login/password')
  @ApiOperation({ summary: 'Answers the challenge of a login whose password is too short without a second factor.' })
  @HttpCode(204)
  @Public()
  @Sensitive()
  @ApiNoContentResponse()
  async choosePassword(
    @CurrentActor() actor: Actor,
    @Body() input: ChoosePassword,
    @CurrentDevice() device: Device,
  ): Promise<void> {
    await this.changes.replace(actor, input, device);
  }

  @Post('step-up/options')
  @ApiOperation({ summary: 'What a browser needs for a step-up with a passkey.' })
  @HttpCode(200)
  @RequireScopes('sessions:write')
  @FirstParty()
  @ApiOkResponse({ schema: REQUEST_OPTIONS })
  options(@CurrentCaller() caller: Caller): Promise<object> {
    return this.stepUps.options(caller);
  }

  @Post('step-up')
  @ApiOperation({ summary: 'A fresh access token for who proves once more who they are (RFC 9470).' })
  @HttpCode(200)
  @RequireScopes('sessions:write')
  @FirstParty()
  @Sensitive()
  @ApiOkResponse({ type: AccessTokenView })
  stepUp(
    @CurrentCaller() caller: Caller,
    @Body() input: StepUpInput,
    @CurrentDevice() device: Device,
  ): Promise<AccessTokenView> {
    return this.stepUps.stepUp(caller, input, device);
  }
}
