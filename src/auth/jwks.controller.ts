import { Controller, Get, Header, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../security/access.decorators.js';
import { AddressLimitOnly } from '../security/rate-limit.decorators.js';
import { SigningKeysService } from './signing-keys.service.js';

@ApiTags('discovery')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class JwksController {
  constructor(private readonly keys: SigningKeysService) {}

  @Get('jwks.json')
  @ApiOperation({ summary: 'The public keys of access and ID tokens (RFC 7517).' })
  @Public()
  @AddressLimitOnly()
  @Header('cache-control', 'public, max-age=300')
  @ApiOkResponse({ schema: { type: 'object', properties: { keys: { type: 'array', items: { type: 'object' } } } } })
  jwks(): Promise<{ keys: object[] }> {
    return this.keys.jwks();
  }
}
