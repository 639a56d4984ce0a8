import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, TypeOrmHealthIndicator } from '@nestjs/terminus';
import { Problem } from '../errors/problem.js';
import { Public } from '../security/access.decorators.js';
import { Drain } from '../security/drain.js';
import { AddressLimitOnly } from '../security/rate-limit.decorators.js';

const DATABASE_TIMEOUT_MS = 1000;
const schema = { type: 'object', properties: { status: { type: 'string', enum: ['ok'] } } };

/** For load balancers. They learn yes or no, and nothing of what is inside. */
@ApiTags('health')
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly database: TypeOrmHealthIndicator,
    private readonly drain: Drain,
  ) {}

  @Get('live')
  @ApiOperation({ summary: 'The process runs.' })
  @Public()
  @AddressLimitOnly()
  @ApiOkResponse({ schema })
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'The process can serve: 503 without its database, and while it is being stopped.' })
  @Public()
  @AddressLimitOnly()
  @ApiOkResponse({ schema })
  async ready(): Promise<{ status: string }> {
    if (this.drain.hasBegun) throw new Problem('unavailable');
    await this.health.check([() => this.database.pingCheck('database', { timeout: DATABASE_TIMEOUT_MS })]);
    return { status: 'ok' };
  }
}
