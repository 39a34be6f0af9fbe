import { EntitySchema } from 'typeorm';
import { id, instant, int, json, nullable, ref, text } from '../platform/database/columns.js';
import type { ApiKey } from './api.key.js';
import type { AuditEntry } from './audit.log.js';
import type { IdempotencyRow } from './idempotency.keys.js';

export const ApiKeyTable = new EntitySchema<ApiKey>({
  name: 'api_key',
  tableName: 'api_keys',
  columns: {
    id: id(),
    name: text(),
    secret_hash: text(),
    scopes: text({ array: true }),
    expires_at: instant(nullable),
    last_used_at: instant(nullable),
    revoked_at: instant(nullable),
    metadata: json(),
    created_at: instant(),
    updated_at: instant(),
  },
});

export const IdempotencyKeyTable = new EntitySchema<IdempotencyRow>({
  name: 'idempotency_key',
  tableName: 'idempotency_keys',
  columns: {
    id: id(),
    api_key: ref(),
    body_digest: text(),
    lease_token: int(),
    leased_until: instant(),
    committed_at: instant(nullable),
    resource: ref(nullable),
    secret: text(nullable),
    status: int(nullable),
    body: text(nullable),
    completed_at: instant(nullable),
    created_at: instant(),
  },
});

export const AuditTable = new EntitySchema<AuditEntry>({
  name: 'audit_entry',
  tableName: 'audit_log',
  columns: {
    id: id(),
    api_key: ref(),
    api_key_name: text(),
    method: text(),
    route: text(),
    path: text(),
    resource: ref(nullable),
    status: int(),
    request_id: text(),
    before: { type: 'json', nullable: true },
    after: { type: 'json', nullable: true },
    created_at: instant(),
  },
});
