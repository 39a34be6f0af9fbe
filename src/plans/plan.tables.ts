import { EntitySchema } from 'typeorm';
import type { Plan, PlanVersion } from '../domain/plan.js';
import { bool, id, instant, int, json, nullable, ref, text } from '../platform/database/columns.js';

export const PlanTable = new EntitySchema<Plan>({
  name: 'plan',
  tableName: 'plans',
  columns: {
    id: id(),
    code: text(),
    name: text(),
    description: text(nullable),
    version: int(),
    active: bool(),
    dunning_policy: text(),
    catch_up: text(),
    renewal_notice: text(),
    spread_minutes: int(),
    metadata: json(),
    created_at: instant(),
    updated_at: instant(),
  },
});

export const PlanVersionTable = new EntitySchema<PlanVersion>({
  name: 'plan_version',
  tableName: 'plan_versions',
  columns: {
    plan: ref({ primary: true }),
    version: int({ primary: true }),
    amount: int(),
    currency: text(),
    interval: text(),
    interval_count: int(),
    trial_days: int(),
    trial_amount: int(),
    setup_fee: int(),
    proration: text(),
    created_at: instant(),
  },
});
