import { Body, Controller, Delete, Get, Headers, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireScopes } from '../security/access.decorators.js';
import { formatEtag, ifNoneMatch } from '../security/etag.js';
import { jsonText } from '../security/json-text.js';
import { linkNext } from '../security/page.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { Consumes } from '../security/input.decorators.js';
import { RecordId } from '../security/record-id.js';
import { DataListService } from './data-list.service.js';
import { CreateRecord, ListRecords, RecordPage, RecordView, UpdateRecord } from './data.dto.js';
import { DataService } from './data.service.js';

const MERGE_PATCH = 'application/merge-patch+json';

@ApiTags('data')
@Controller('data')
export class DataController {
  constructor(
    private readonly data: DataService,
    private readonly lists: DataListService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Stores a record. Repeatable with an Idempotency-Key.' })
  @RequireScopes('data:write')
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiCreatedResponse({ type: RecordView })
  async create(
    @CurrentCaller() caller: Caller,
    @Body() input: CreateRecord,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RecordView> {
    const answer = await this.data.create(caller, input, key);
    void reply.code(answer.status).headers(answer.headers);
    return answer.body;
  }

  @Get()
  @ApiOperation({ summary: 'Lists my records, a page at a time.' })
  @RequireScopes('data:read')
  @ApiOkResponse({ type: RecordPage })
  async list(
    @CurrentCaller() caller: Caller,
    @Query() filter: ListRecords,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const page = await this.lists.list(caller, filter);
    linkNext(request, reply, page);
    return jsonText(reply, RecordPage.textOf(page));
  }

  @Get(':id')
  @ApiOperation({ summary: 'Shows a record.' })
  @RequireScopes('data:read')
  @ApiHeader({ name: 'If-None-Match', required: false })
  @ApiOkResponse({ type: RecordView })
  async get(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @Headers('if-none-match') known: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string | undefined> {
    const record = await this.data.getRecord(caller, id);
    const etag = formatEtag(Number(record.version));
    void reply.header('etag', etag);
    if (!ifNoneMatch(known, etag)) return jsonText(reply, RecordView.textOf(record));
    void reply.code(304);
    return undefined;
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes members of a record by a merge patch (RFC 7396).' })
  @RequireScopes('data:write')
  @Consumes(MERGE_PATCH)
  @ApiConsumes('application/json', MERGE_PATCH)
  @ApiHeader({ name: 'If-Match', required: true })
  @ApiOkResponse({ type: RecordView })
  async update(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @Body() patch: UpdateRecord,
    @Headers('if-match') precondition: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RecordView> {
    return tagged(reply, await this.data.update(caller, id, patch, precondition));
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Deletes a record; it can be restored until it is purged.' })
  @HttpCode(204)
  @RequireScopes('data:write')
  @ApiHeader({ name: 'If-Match', required: true })
  @ApiNoContentResponse()
  async delete(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @Headers('if-match') precondition: string | undefined,
  ): Promise<void> {
    await this.data.delete(caller, id, precondition);
  }

  @Post(':id/restore')
  @ApiOperation({ summary: 'Brings a deleted record back.' })
  @HttpCode(200)
  @RequireScopes('data:write')
  @ApiOkResponse({ type: RecordView })
  async restore(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RecordView> {
    return tagged(reply, await this.data.restore(caller, id));
  }
}

function tagged(reply: FastifyReply, record: RecordView): RecordView {
  void reply.header('etag', formatEtag(record.version));
  return record;
}
