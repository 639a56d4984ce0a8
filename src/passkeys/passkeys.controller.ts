import { Body, Controller, Delete, Get, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import { FirstParty, RequireScopes, RequireStepUp } from '../security/access.decorators.js';
import { CurrentDevice, type Device } from '../security/device.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { RecordId } from '../security/record-id.js';
import { RECENT_LOGIN } from '../security/step-up.js';
import { CreatedPasskey, PasskeyList, PasskeyView, RegisterPasskey, RenamePasskey } from './passkeys.dto.js';
import { PasskeysService } from './passkeys.service.js';

const OPTIONS = {
  type: 'object',
  additionalProperties: true,
  description: 'For PublicKeyCredential.parseCreationOptionsFromJSON().',
};

@ApiTags('profile')
@Controller('users/me/passkeys')
export class PasskeysController {
  constructor(private readonly passkeys: PasskeysService) {}

  @Post('options')
  @ApiOperation({
    summary: 'What a browser needs to make a passkey.',
  })
  @HttpCode(200)
  @RequireScopes('profile:write')
  @FirstParty()
  @RequireStepUp(RECENT_LOGIN)
  @ApiOkResponse({ schema: OPTIONS })
  options(@CurrentCaller() caller: Caller): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return this.passkeys.registrationOptions(caller);
  }

  @Post()
  @ApiOperation({ summary: 'Keeps the passkey that a browser made.' })
  @RequireScopes('profile:write')
  @FirstParty()
  @RequireStepUp(RECENT_LOGIN)
  @ApiCreatedResponse({ type: CreatedPasskey })
  async register(
    @CurrentCaller() caller: Caller,
    @Body() input: RegisterPasskey,
    @CurrentDevice() device: Device,
  ): Promise<CreatedPasskey> {
    const { passkey, recoveryCodes } = await this.passkeys.register(caller, input, device);
    return { ...PasskeyView.from(passkey), recoveryCodes };
  }

  @Get()
  @ApiOperation({ summary: 'Lists my passkeys.' })
  @RequireScopes('profile:read')
  @FirstParty()
  @ApiOkResponse({ type: PasskeyList })
  async list(@CurrentCaller() caller: Caller): Promise<PasskeyList> {
    return { items: (await this.passkeys.list(caller)).map((each) => PasskeyView.from(each)), nextCursor: null };
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes the name of a passkey.' })
  @RequireScopes('profile:write')
  @FirstParty()
  @ApiOkResponse({ type: PasskeyView })
  async rename(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @Body() { name }: RenamePasskey,
  ): Promise<PasskeyView> {
    return PasskeyView.from(await this.passkeys.rename(caller, id, name));
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Deletes a passkey: nobody signs in with it any more.' })
  @HttpCode(204)
  @RequireScopes('profile:write')
  @FirstParty()
  @RequireStepUp(RECENT_LOGIN)
  @ApiNoContentResponse()
  async delete(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @CurrentDevice() device: Device,
  ): Promise<void> {
    await this.passkeys.delete(caller, id, device);
  }
}
