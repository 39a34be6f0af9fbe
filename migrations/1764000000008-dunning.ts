import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is done about payments that fail: the policies that plans name, and the figures of what became of them. */
export class Dunning1764000000008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const part of [POLICIES, PARKING, FIGURES]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop index charges_failed_at, subscriptions_dunning;
      alter table plans drop constraint plans_dunning_policy;
      drop table dunning_policies;
      delete from parked_rows where kind = 'decline';
      alter table parked_rows drop constraint parked_rows_kind_check;
      alter table parked_rows add constraint parked_rows_kind_check
        check (kind in ('subscription', 'charge', 'refund', 'gateway_event', 'orphan', 'difference'));`);
  }
}

const POLICIES = `
create table dunning_policies (
  id text collate "C" primary key,
  code text not null constraint dunning_policies_code unique,
  retries jsonb not null,
  technical_retries jsonb not null,
  final_action text not null check (final_action in ('cancel', 'unpaid', 'pause')),
  grace_days integer not null check (grace_days between 0 and 365),
  allowed_hours jsonb,
  quiet_hours jsonb,
  metadata jsonb not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null
);
-- The one that always exists: plans that name none have it.
insert into dunning_policies values (
  'dun_01m885d4hzf6eata4brg4v4h87', 'default',
  '[{"after": "1d", "notify": true}, {"after": "3d", "notify": true}, {"after": "5d", "notify": true}, {"after": "7d", "notify": true}]',
  '[{"after": "1h"}, {"after": "4h"}]', 'cancel', 0, null, null, '{}', now(), now());
alter table plans add constraint plans_dunning_policy foreign key (dunning_policy) references dunning_policies (code);`;

const PARKING = `
-- A decline that only a human can mend: our request or account is wrong, or nobody knows the reason.
alter table parked_rows drop constraint parked_rows_kind_check;
alter table parked_rows add constraint parked_rows_kind_check
  check (kind in ('subscription', 'charge', 'refund', 'gateway_event', 'orphan', 'difference', 'decline'));`;

const FIGURES = `
-- What failed and when: a report reads one stretch of time. Only failures pay for it.
create index charges_failed_at on charges (settled_at)
  where kind in ('recurring', 'retry') and status in ('declined', 'refused', 'expired', 'canceled');
-- Those that are being dunned, by why and by what they wait for: counted every few seconds.
create index subscriptions_dunning on subscriptions (past_due_class) include (next_attempt_at, dunning_ends_at)
  where status = 'past_due';`;
