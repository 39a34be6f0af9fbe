import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { invalid } from '../domain/errors.js';
import { Database } from '../platform/database/database.js';
import { Creates } from '../platform/http/creates.js';
import { Instant, Metadata, parseInstant, SomeOf, Text } from '../platform/http/fields.js';
import { DATE_FILTERS, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { type ApiKey, apiKeyView, SCOPES, type Scope } from './api.key.js';
import { ApiKeys } from './api.keys.js';

class CreateApiKeyRequest {
  @Text() name!: string;
  @SomeOf(SCOPES) scopes!: Scope[];
  @Instant({ optional: true, nullable: true }) expires_at?: string | null;
  @Metadata() metadata?: Record<string, string>;
}

/** Revoked keys are history; the audit log tells of them. */
const LIST: ListSpec = {
  table: '(select * from api_keys where revoked_at is null) as live',
  prefix: 'key',
  filters: {
    name: { kind: 'text', column: 'name' },
    last_used_at: { kind: 'instant', column: 'last_used_at' },
    expires_at: { kind: 'instant', column: 'expires_at' },
    ...DATE_FILTERS,
  },
};

/** Who may use the interface, and for what. Only admin keys may ask. */
@Controller('v1/api_keys')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeys,
    private readonly database: Database,
  ) {}

  /** Makes a key. Its secret is in this answer, and never shown again. */
  @Post()
  @Creates('key')
  async create(@Body() body: CreateApiKeyRequest) {
    const expiresAt = parseInstant(body.expires_at);
    if (expiresAt !== null && expiresAt <= (await this.database.now())) throw invalid('expires_at', 'must be in the future');
    return this.keys.create({ name: body.name, scopes: body.scopes, expiresAt, metadata: body.metadata ?? {} });
  }

  /** Lists the keys that are not revoked. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<ApiKey>(this.database, query), (keys) => keys.map(apiKeyView));
  }

  /** Shows a key. */
  @Get(':id')
  get(@Param('id') id: string) {
    return this.keys.get(id);
  }

  /** Revokes a key, at once and for good. An admin key always remains. */
  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id') id: string): Promise<void> {
    return this.keys.revoke(id);
  }
}
