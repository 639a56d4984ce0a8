import { Body, Controller, Delete, Get, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FirstParty, RequireScopes } from '../security/access.decorators.js';
import { type Caller, CurrentCaller } from '../security/principal.js';
import { RecordId } from '../security/record-id.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyList, ApiKeyView, CreateApiKey, CreatedApiKey, RotateApiKey, UpdateApiKey } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('api-keys')
@Controller('api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @ApiOperation({ summary: 'Makes a key. The answer is the only place that shows it.' })
  @RequireScopes('keys:write')
  @FirstParty()
  @ApiCreatedResponse({ type: CreatedApiKey })
  async create(@CurrentCaller() caller: Caller, @Body() input: CreateApiKey): Promise<CreatedApiKey> {
    const { entity, key } = await this.keys.create(caller, input);
    return { ...this.view(entity), key };
  }

  @Get()
  @ApiOperation({ summary: 'Lists my keys, never the secrets.' })
  @RequireScopes('keys:read')
  @ApiOkResponse({ type: ApiKeyList })
  async list(@CurrentCaller() caller: Caller): Promise<ApiKeyList> {
    const keys = await this.keys.list(caller);
    return { items: keys.map((key) => this.view(key)), nextCursor: null };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Shows one of my keys.' })
  @RequireScopes('keys:read')
  @ApiOkResponse({ type: ApiKeyView })
  async get(@CurrentCaller() caller: Caller, @RecordId() id: string): Promise<ApiKeyView> {
    return this.view(await this.keys.getKey(caller, id));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes name, scopes, networks, limit or expiry of a key.' })
  @RequireScopes('keys:write')
  @FirstParty()
  @ApiOkResponse({ type: ApiKeyView })
  async update(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @Body() changes: UpdateApiKey,
  ): Promise<ApiKeyView> {
    return this.view(await this.keys.update(caller, id, changes));
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Ends a key at once.' })
  @HttpCode(204)
  @RequireScopes('keys:write')
  @FirstParty()
  @ApiNoContentResponse()
  async delete(@CurrentCaller() caller: Caller, @RecordId() id: string): Promise<void> {
    await this.keys.delete(caller, id);
  }

  @Post(':id/rotate')
  @ApiOperation({ summary: 'Gives the key a new secret. The answer is the only place that shows it.' })
  @RequireScopes('keys:write')
  @FirstParty()
  @ApiCreatedResponse({ type: CreatedApiKey })
  async rotate(
    @CurrentCaller() caller: Caller,
    @RecordId() id: string,
    @Body() input: RotateApiKey,
  ): Promise<CreatedApiKey> {
    const { entity, key } = await this.keys.rotate(caller, id, input.overlapSeconds ?? 0);
    return { ...this.view(entity), key };
  }

  private view(key: ApiKey): ApiKeyView {
    return ApiKeyView.from(key, this.keys.prefixOf(key));
  }
}
