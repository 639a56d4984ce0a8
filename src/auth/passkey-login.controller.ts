import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { Public } from '../security/access.decorators.js';
import { CurrentDevice, type Device } from '../security/device.js';
import { type Actor, CurrentActor } from '../security/principal.js';
import { Sensitive } from '../security/rate-limit.decorators.js';
import { AccessTokensService } from './access-tokens.service.js';
import { TokenView } from './auth.dto.js';
import { PasskeyLogin, REQUEST_OPTIONS } from './passkey-login.dto.js';
import { PasskeyLoginService } from './passkey-login.service.js';

@ApiTags('auth')
@Controller('auth/passkey')
export class PasskeyLoginController {
  constructor(
    private readonly logins: PasskeyLoginService,
    private readonly tokens: AccessTokensService,
  ) {}

  @Post('options')
  @ApiOperation({
    summary: 'What a browser needs to sign in with a passkey.',
  })
  @HttpCode(200)
  @Public()
  @ApiOkResponse({ schema: REQUEST_OPTIONS })
  options(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.logins.options();
  }

  @Post()
  @ApiOperation({ summary: 'Logs in with a passkey, without a password.' })
  @HttpCode(200)
  @Public()
  @Sensitive()
  @ApiOkResponse({ type: TokenView })
  async login(
    @CurrentActor() actor: Actor,
    @Body() input: PasskeyLogin,
    @CurrentDevice() device: Device,
  ): Promise<TokenView> {
    return this.tokens.respondTo(await this.logins.login(actor, input, device));
  }
}
