import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../security/access.decorators.js';
import { ForeignQuery, Page } from '../security/input.decorators.js';
import { RouteLimit } from '../security/rate-limit.decorators.js';
import { CurrentVisit, type Visit } from '../security/visit.js';
import { OutsideFlows } from './outside-flows.service.js';
import { OutsideProviderList, OutsideProviderView, StartOutside } from './outside-providers.dto.js';
import { OutsideProviders } from './outside-providers.service.js';

/** A browser at a time: whoever shares an address with many others signs in too. */
const LIMIT = '60/minute';

/**
 * Ways in by others. The two that send a browser on are pages for people, and end on pages: no cookie counts as a credential here,
 * and what they set says only what was begun in this browser.
 */
@ApiTags('auth')
@Controller('auth/providers')
export class OutsideProvidersController {
  constructor(
    private readonly providers: OutsideProviders,
    private readonly flows: OutsideFlows,
  ) {}

  @Get()
  @ApiOperation({ summary: 'By whom people can sign in besides us.' })
  @Public()
  @ApiOkResponse({ type: OutsideProviderList })
  list(): OutsideProviderList {
    return { items: this.providers.list().map((each) => OutsideProviderView.from(each)), nextCursor: null };
  }

  /** Sends the browser to a provider, to sign in there. */
  @Get(':name/start')
  @Public()
  @RouteLimit(LIMIT)
  @Page()
  @ApiExcludeEndpoint()
  async start(
    @CurrentVisit() visit: Visit,
    @Param('name') name: string,
    @Query() { interaction, fresh }: StartOutside,
  ): Promise<void> {
    visit.goTo((await this.flows.begin(visit, name, interaction ?? null, fresh !== undefined)).href);
  }

  /** Where a provider sends the browser back to. */
  @Get(':name/callback')
  @Public()
  @RouteLimit(LIMIT)
  @Page()
  @ForeignQuery()
  @ApiExcludeEndpoint()
  async callback(@CurrentVisit() visit: Visit, @Param('name') name: string): Promise<void> {
    visit.goTo(await this.flows.arrive(visit, name));
  }
}
