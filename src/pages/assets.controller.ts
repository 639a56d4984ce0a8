import { Controller, Get, Param, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Problem } from '../errors/problem.js';
import { Public } from '../security/access.decorators.js';
import { AddressLimitOnly } from '../security/rate-limit.decorators.js';
import { type Asset, assets } from './assets.js';

const byPath: ReadonlyMap<string, Asset> = new Map(Object.values(assets).map((asset) => [asset.path, asset]));

/** Style, script and icon of the pages. A name belongs to one content for ever, so a browser need never ask again. */
@ApiTags('discovery')
@Controller({ path: 'assets', version: VERSION_NEUTRAL })
export class AssetsController {
  @Get(':asset')
  @ApiOperation({ summary: 'Style, script and icon of the pages, by the hash of what they hold.' })
  @Public()
  @AddressLimitOnly()
  asset(@Param('asset') name: string, @Res({ passthrough: true }) reply: FastifyReply): string {
    const asset = byPath.get(`/assets/${name}`);
    if (!asset) throw new Problem('not_found');
    void reply.header('content-type', asset.type).header('cache-control', 'public, max-age=31536000, immutable');
    return asset.body;
  }
}
