import { Controller, Get, Header, Inject, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { mailConfig } from '../config/mail.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { Problem } from '../errors/problem.js';
import { Public } from '../security/access.decorators.js';
import { AddressLimitOnly } from '../security/rate-limit.decorators.js';
import { pagePolicy } from '../security/security-headers.js';
import { storedMails } from './folder-transport.js';
import { mailboxPage } from './mailbox-page.js';

const SHOWN = 50;

/** The mails of a machine on which somebody develops. Where mail goes to a server, and in production, it is 404. */
@ApiTags('discovery')
@Controller({ path: 'dev/mailbox', version: VERSION_NEUTRAL })
export class MailboxController {
  constructor(@Inject(mailConfig.KEY) private readonly config: ConfigOf<typeof mailConfig>) {}

  @Get()
  @ApiOperation({ summary: 'The mails of a machine on which somebody develops.' })
  @Public()
  @AddressLimitOnly()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', pagePolicy)
  @Header('cache-control', 'no-store')
  async page(): Promise<string> {
    if (!this.config.folder) throw new Problem('not_found');
    return mailboxPage(await storedMails(this.config.folder, SHOWN));
  }
}
