import { Controller, Get, Inject, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { authConfig } from '../config/auth.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { PRODUCT } from '../config/product.js';
import { DPOP_ALGORITHMS } from '../errors/problem.js';
import { Public } from '../security/access.decorators.js';
import { AddressLimitOnly } from '../security/rate-limit.decorators.js';
import { scopes } from '../security/scopes.js';

/** What clients find out by themselves about the API as a protected resource. */
@ApiTags('discovery')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class DiscoveryController {
  constructor(@Inject(authConfig.KEY) private readonly config: ConfigOf<typeof authConfig>) {}

  @Get('oauth-protected-resource/api')
  @ApiOperation({ summary: 'Where tokens for the API come from, and how they are sent (RFC 9728).' })
  @Public()
  @AddressLimitOnly()
  @ApiOkResponse({ schema: { type: 'object', additionalProperties: true } })
  protectedResource(): object {
    const { audience, issuer, publicUrl } = this.config;
    return {
      resource: audience,
      resource_name: `${PRODUCT} API`,
      authorization_servers: [issuer],
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      scopes_supported: scopes,
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
      resource_documentation: `${publicUrl}/docs`,
    };
  }
}
