import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FirstParty, Public, RequireScopes, RequireStepUp } from '../security/access.decorators.js';
import { type Actor, type Caller, CurrentActor, CurrentCaller } from '../security/principal.js';
import { Sensitive } from '../security/rate-limit.decorators.js';
import { SENSITIVE_CHANGE } from '../security/step-up.js';
import { Accepted } from './auth.dto.js';
import { ChangeEmail, ResendVerification, VerifyEmail } from './email.dto.js';
import { EmailChangeService } from './email-change.service.js';
import { EmailVerificationService } from './email-verification.service.js';

@ApiTags('auth')
@Controller()
export class EmailController {
  constructor(
    private readonly verification: EmailVerificationService,
    private readonly changes: EmailChangeService,
  ) {}

  @Post('auth/email/verify')
  @ApiOperation({ summary: 'Confirms an address with the token of a mail, once.' })
  @HttpCode(204)
  @Public()
  @Sensitive()
  @ApiNoContentResponse()
  async verify(@CurrentActor() actor: Actor, @Body() input: VerifyEmail): Promise<void> {
    await this.verification.verify(actor, input.token);
  }

  @Post('auth/email/resend')
  @ApiOperation({ summary: 'Sends the mail again. The same answer for every address.' })
  @HttpCode(202)
  @Public()
  @Sensitive()
  @ApiAcceptedResponse({ type: Accepted })
  async resend(@Body() input: ResendVerification): Promise<Accepted> {
    await this.verification.request(input.email);
    return { status: 'accepted' };
  }

  @Post('users/me/email')
  @ApiTags('profile')
  @ApiOperation({ summary: 'Sends a link to my new address, which is mine once it was opened.' })
  @HttpCode(202)
  @RequireScopes('profile:write')
  @FirstParty()
  @RequireStepUp(SENSITIVE_CHANGE)
  @Sensitive()
  @ApiAcceptedResponse({ type: Accepted })
  async change(@CurrentCaller() caller: Caller, @Body() input: ChangeEmail): Promise<Accepted> {
    await this.changes.request(caller, input);
    return { status: 'accepted' };
  }
}
