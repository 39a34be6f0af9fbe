import { EntitySchema } from 'typeorm';
import type { StoredPolicy } from '../domain/dunning.js';
import { id, instant, int, json, text } from '../platform/database/columns.js';

export const PolicyTable = new EntitySchema<StoredPolicy>({
  name: 'dunning_policy',
  tableName: 'dunning_policies',
  columns: {
    id: id(),
    code: text(),
    retries: json(),
    technical_retries: json(),
    final_action: text(),
    grace_days: int(),
    allowed_hours: { ...json(), nullable: true },
    quiet_hours: { ...json(), nullable: true },
    metadata: json(),
    created_at: instant(),
    updated_at: instant(),
  },
});
