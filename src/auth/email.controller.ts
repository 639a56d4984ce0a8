import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../security/access.decorators.js';
import { type Actor, CurrentActor } from '../security/principal.js';
import { Sensitive } from '../security/rate-limit.decorators.js';
import { Accepted } from './auth.dto.js';
import { ResendVerification, VerifyEmail } from './email.dto.js';
import { EmailVerificationService } from './email-verification.service.js';

@ApiTags('auth')
@Controller('auth/email')
export class EmailController {
  constructor(private readonly verification: EmailVerificationService) {}

  @Post('verify')
  @ApiOperation({ summary: 'Confirms an address with the token of a mail, once.' })
  @HttpCode(204)
  @Public()
  @Sensitive()
  @ApiNoContentResponse()
  async verify(@CurrentActor() actor: Actor, @Body() input: VerifyEmail): Promise<void> {
    await this.verification.verify(actor, input.token);
  }

  @Post('resend')
  @ApiOperation({ summary: 'Sends the mail again. The same answer for every address.' })
  @HttpCode(202)
  @Public()
  @Sensitive()
  @ApiAcceptedResponse({ type: Accepted })
  async resend(@Body() input: ResendVerification): Promise<Accepted> {
    await this.verification.request(input.email);
    return { status: 'accepted' };
  }
}
