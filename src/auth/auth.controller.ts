import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { FirstParty, Public, RequireScopes } from '../security/access.decorators.js';
import { CurrentDevice, type Device } from '../security/device.js';
import { type Actor, type Caller, CurrentActor, CurrentCaller } from '../security/principal.js';
import { Sensitive } from '../security/rate-limit.decorators.js';
import { AccessTokensService } from './access-tokens.service.js';
import { AcceptInvitation, Accepted, Login, Refresh, Register, TokenView } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { RefreshService } from './refresh.service.js';
import { SessionsService } from './sessions.service.js';

const MORE_IS_ASKED =
  'Wrong, or not enough: mfa_required has a challenge for login/mfa, with methods, and options for a browser in passkey; ' +
  'password_change_required has one for login/password, where a password is too short without a second factor.';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly refreshes: RefreshService,
    private readonly sessions: SessionsService,
    private readonly tokens: AccessTokensService,
  ) {}

  @Post('register')
  @ApiOperation({ summary: 'The same answer whether or not the address is taken.' })
  @HttpCode(202)
  @Public()
  @Sensitive()
  @ApiAcceptedResponse({ type: Accepted })
  async register(@CurrentActor() actor: Actor, @Body() input: Register): Promise<Accepted> {
    await this.auth.register(actor, input);
    return { status: 'accepted' };
  }

  @Post('login')
  @ApiOperation({ summary: 'Logs in with e-mail address and password.' })
  @ApiUnauthorizedResponse({ description: MORE_IS_ASKED })
  @HttpCode(200)
  @Public()
  @Sensitive()
  @ApiOkResponse({ type: TokenView })
  async login(@CurrentActor() actor: Actor, @Body() input: Login, @CurrentDevice() device: Device): Promise<TokenView> {
    return this.tokens.respondTo(await this.auth.login(actor, input, device));
  }

  @Post('refresh')
  @ApiOperation({ summary: 'Exchanges a refresh token for its successor and a new access token.' })
  @HttpCode(200)
  @Public()
  @ApiOkResponse({ type: TokenView })
  refresh(@CurrentActor() actor: Actor, @Body() input: Refresh): Promise<TokenView> {
    return this.refreshes.refresh(actor, input.refresh_token);
  }

  @Post('logout')
  @ApiOperation({ summary: 'Ends this session.' })
  @HttpCode(204)
  @RequireScopes('sessions:write')
  @FirstParty()
  @ApiNoContentResponse()
  async logout(@CurrentCaller() caller: Caller): Promise<void> {
    await this.sessions.end(caller, caller.credentialId);
  }

  @Post('invitations/accept')
  @ApiOperation({ summary: 'Sets the password of an invited person, once.' })
  @HttpCode(204)
  @Public()
  @Sensitive()
  @ApiNoContentResponse()
  async acceptInvitation(@CurrentActor() actor: Actor, @Body() input: AcceptInvitation): Promise<void> {
    await this.auth.acceptInvitation(actor, input);
  }
}
