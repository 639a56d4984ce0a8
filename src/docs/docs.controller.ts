import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Controller, Get, Header, Inject, Param, Res, StreamableFile, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOperation, ApiTags, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { httpConfig } from '../config/http.config.js';
import type { ConfigOf } from '../config/namespace.js';
import { Problem } from '../errors/problem.js';
import { Public } from '../security/access.decorators.js';
import { AddressLimitOnly } from '../security/rate-limit.decorators.js';
import { pagePolicy } from '../security/security-headers.js';
import { docsPage, docsScript } from './docs-page.js';
import { OpenApiDocument } from './openapi.js';

/** Found, not imported: its index runs the whole page's script. */
const UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

/** The API's own description, off in production unless switched on. */
@ApiTags('discovery')
@Controller({ version: VERSION_NEUTRAL })
export class DocsController {
  constructor(
    private readonly openApi: OpenApiDocument,
    @Inject(httpConfig.KEY) private readonly http: ConfigOf<typeof httpConfig>,
  ) {}

  @Get('openapi.json')
  @ApiOperation({ summary: 'This document.' })
  @Public()
  @AddressLimitOnly()
  document(): OpenAPIObject {
    this.requireEnabled();
    if (!this.openApi.document) throw new Problem('unavailable');
    return this.openApi.document;
  }

  @Get('docs')
  @ApiOperation({ summary: 'This document as a page.' })
  @Public()
  @AddressLimitOnly()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', pagePolicy)
  page(): string {
    this.requireEnabled();
    return docsPage;
  }

  @Get('docs/:asset')
  @ApiOperation({ summary: 'Script and style of the page.' })
  @Public()
  @AddressLimitOnly()
  asset(@Param('asset') asset: string, @Res({ passthrough: true }) reply: FastifyReply): StreamableFile {
    this.requireEnabled();
    void reply.header('cache-control', 'public, max-age=3600');
    if (asset === 'docs.js')
      return new StreamableFile(Buffer.from(docsScript), { type: 'text/javascript; charset=utf-8' });
    // Only two names exist: nothing of the request reaches a path.
    const type = Object.hasOwn(ASSETS, asset) ? ASSETS[asset] : undefined;
    if (!type) throw new Problem('not_found');
    return new StreamableFile(createReadStream(join(UI, asset)), { type });
  }

  private requireEnabled(): void {
    if (!this.http.docsEnabled) throw new Problem('not_found');
  }
}
