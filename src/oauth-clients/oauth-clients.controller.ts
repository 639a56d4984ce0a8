import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FirstParty, RequireScopes } from '../security/access.decorators.js';
import { linkNext } from '../security/page.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { RecordId } from '../security/record-id.js';
import { OAuthClientListService } from './oauth-client-list.service.js';
import { CreatedOAuthClient, OAuthClientPage, OAuthClientView } from './oauth-client-view.dto.js';
import { CreateOAuthClient, ListOAuthClients, ReplaceClientSecret, UpdateOAuthClient } from './oauth-clients.dto.js';
import { type ClientWithSecret, OAuthClientsService } from './oauth-clients.service.js';

@ApiTags('oauth-clients')
@Controller('oauth-clients')
export class OAuthClientsController {
  constructor(
    private readonly clients: OAuthClientsService,
    private readonly lists: OAuthClientListService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Registers an OAuth client. The answer is the only place that shows its secret.' })
  @RequireScopes('clients:write')
  @FirstParty()
  @ApiCreatedResponse({ type: CreatedOAuthClient })
  async create(@CurrentCaller() caller: Caller, @Body() input: CreateOAuthClient): Promise<CreatedOAuthClient> {
    return withSecret(await this.clients.create(caller, input));
  }

  @Get()
  @ApiOperation({ summary: 'Lists my OAuth clients; to an administrator all there are.' })
  @RequireScopes('clients:read')
  @ApiOkResponse({ type: OAuthClientPage })
  async list(
    @CurrentCaller() caller: Caller,
    @Query() range: ListOAuthClients,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OAuthClientPage> {
    const page = await this.lists.list(caller, range);
    linkNext(request, reply, page);
    return { items: page.items.map((client) => OAuthClientView.from(client)), nextCursor: page.nextCursor };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Shows an OAuth client.' })
  @RequireScopes('clients:read')
  @ApiOkResponse({ type: OAuthClientView })
  async get(@CurrentCaller() caller: Caller, @RecordId() id: string): Promise<OAuthClientView> {
    return OAuthClientView.from(await this.clients.getClient(caller, id));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes members of an OAuth client, or disables it.' })
  @RequireScopes('clients:write')
  @FirstParty()
  @ApiOkResponse({ type: OAuthClientView })
  async update(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @Body() changes: UpdateOAuthClient,
  ): Promise<OAuthClientView> {
    return OAuthClientView.from(await this.clients.update(caller, id, changes));
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Ends an OAuth client with every secret of it.' })
  @HttpCode(204)
  @RequireScopes('clients:write')
  @FirstParty()
  @ApiNoContentResponse()
  async delete(@CurrentCaller() caller: Caller, @RecordId() id: string): Promise<void> {
    await this.clients.delete(caller, id);
  }

  @Post(':id/secret')
  @ApiOperation({ summary: 'Gives an OAuth client a new secret. The answer is the only place that shows it.' })
  @RequireScopes('clients:write')
  @FirstParty()
  @ApiCreatedResponse({ type: CreatedOAuthClient })
  async replaceSecret(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @Body() { overlapSeconds = 0 }: ReplaceClientSecret,
  ): Promise<CreatedOAuthClient> {
    return withSecret(await this.clients.replaceSecret(caller, id, overlapSeconds));
  }
}

const withSecret = ({ client, secret }: ClientWithSecret): CreatedOAuthClient => ({
  ...OAuthClientView.from(client),
  ...(secret === undefined ? {} : { clientSecret: secret }),
});
