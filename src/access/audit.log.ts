import { Injectable } from '@nestjs/common';
import { notFound } from '../domain/errors.js';
import { Database } from '../platform/database/database.js';
import type { Change, Deed } from '../platform/database/witness.js';
import { isId, newId } from '../platform/ids/ids.js';
import type { Call } from './call.js';
import { redacted } from './redaction.js';

/** A write, as it was done. */
export interface AuditEntry {
  id: string;
  api_key: string;
  api_key_name: string;
  method: string;
  route: string;
  path: string;
  resource: string | null;
  status: number;
  request_id: string;
  before: object | null;
  after: object | null;
  created_at: Date;
}

export function auditEntryView(entry: AuditEntry) {
  return {
    id: entry.id,
    object: 'audit_entry' as const,
    api_key: { id: entry.api_key, name: entry.api_key_name },
    method: entry.method,
    route: entry.route,
    path: entry.path,
    resource: entry.resource,
    status: entry.status,
    request_id: entry.request_id,
    before: entry.before,
    after: entry.after,
    metadata: {},
    created_at: entry.created_at,
    updated_at: entry.created_at,
  };
}

/** Who did what, when, and what it changed. Written in the commit that does it, never changed afterwards. */
@Injectable()
export class AuditLog {
  constructor(private readonly database: Database) {}

  async record(deed: Deed, call: Call, resource: string | null, changes: readonly Change[]): Promise<void> {
    const entry = {
      id: newId('aud'),
      api_key: call.key.id,
      api_key_name: call.key.name,
      method: call.method,
      route: call.route,
      path: call.path,
      resource,
      status: call.status,
      request_id: call.requestId,
      before: redacted(asBefore(changes), resource),
      after: redacted(changes.at(-1)?.after ?? null, resource),
      created_at: deed.now,
    };
    const columns = Object.keys(entry);
    await deed.query(
      `insert into audit_log (${columns.join(', ')}) values (${columns.map((_, i) => `$${i + 1}`).join(', ')})`,
      Object.values(entry).map((value) => (typeof value === 'object' && !(value instanceof Date) && value !== null ? JSON.stringify(value) : value)),
    );
  }

  async get(id: string) {
    const [entry] = isId('aud', id) ? await this.database.query<AuditEntry>('select * from audit_log where id = $1', [id]) : [];
    if (!entry) throw notFound('audit_entry', id);
    return auditEntryView(entry);
  }
}

/** Of several changes of one thing, what each field was before the first. */
function asBefore(changes: readonly Change[]): object | null {
  const told = changes.map((change) => change.before).filter((before) => before !== null);
  return told.length === 0 ? null : Object.assign({}, ...told.toReversed());
}
