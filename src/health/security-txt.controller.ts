import { Controller, Get, Header, Inject, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { httpConfig } from '../config/http.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { Public } from '../security/access.decorators.js';
import { AddressLimitOnly } from '../security/rate-limit.decorators.js';

const DAY_MS = 86_400_000;

/** Whom to tell about a vulnerability (RFC 9116). */
@ApiTags('discovery')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class SecurityTxtController {
  constructor(@Inject(httpConfig.KEY) private readonly http: ConfigOf<typeof httpConfig>) {}

  @Get('security.txt')
  @ApiOperation({ summary: 'Whom to tell about a vulnerability (RFC 9116).' })
  @Public()
  @AddressLimitOnly()
  @Header('content-type', 'text/plain; charset=utf-8')
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  securityTxt(): string {
    // Section 2.5.5: at most a year ahead; counted from now, so that a running service never shows an expired file.
    const expires = new Date(Date.now() + 180 * DAY_MS).toISOString();
    return [
      `Contact: ${this.http.securityContact}`,
      `Expires: ${expires}`,
      `Canonical: ${this.http.publicUrl}/.well-known/security.txt`,
      'Preferred-Languages: en',
      '',
    ].join('\n');
  }
}
