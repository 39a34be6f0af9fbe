import { Controller, Get, Param } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { type Filter, ListBy, listPage, type ListQuery, type ListSpec, presentPage } from '../platform/http/list.js';
import { type AuditEntry, auditEntryView, AuditLog } from './audit.log.js';

const CREATED_AT: Filter = { kind: 'instant', column: 'created_at', orders: true };

const LIST: ListSpec = {
  table: 'audit_log',
  prefix: 'aud',
  filters: {
    api_key: { kind: 'id', column: 'api_key', prefix: 'key' },
    method: { kind: 'one_of', column: 'method', values: ['POST', 'PUT', 'PATCH', 'DELETE'] },
    route: { kind: 'text', column: 'route' },
    resource: { kind: 'text', column: 'resource' },
    request_id: { kind: 'text', column: 'request_id' },
    created_at: CREATED_AT,
    updated_at: CREATED_AT,
  },
};

/** Who did what, when, and what it changed. Only admin keys may ask. */
@Controller('v1/audit_log')
export class AuditController {
  constructor(
    private readonly database: Database,
    private readonly log: AuditLog,
  ) {}

  /** Lists what was done. */
  @Get()
  async list(@ListBy(LIST) query: ListQuery) {
    return presentPage(await listPage<AuditEntry>(this.database, query), (entries) => entries.map(auditEntryView));
  }

  /** Shows one thing that was done. */
  @Get(':id')
  get(@Param('id') id: string) {
    return this.log.get(id);
  }
}
