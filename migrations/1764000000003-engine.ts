import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the engine itself needs: the gateway's news, rate budgets, parked rows and API keys. */
export class Engine1764000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create table gateway_events (
  id text collate "C" primary key,
  type text,
  payment_id text,
  reference text,
  body text not null,
  received_at timestamptz(3) not null,
  attempts integer not null,
  next_attempt_at timestamptz(3),
  outcome text check (outcome in ('settled', 'nothing_new', 'foreign', 'unreadable', 'parked')),
  processed_at timestamptz(3),
  check ((outcome is null) = (processed_at is null)),
  check (outcome is null or next_attempt_at is null)
);
create index gateway_events_due on gateway_events (next_attempt_at) where next_attempt_at is not null;
create table rate_budgets (
  name text primary key,
  tokens double precision not null,
  refilled_at timestamptz(3) not null,
  granted double precision not null
);
create table parked_rows (
  id text collate "C" primary key,
  kind text not null check (kind in ('subscription', 'charge', 'refund', 'gateway_event')),
  row_id text collate "C" not null,
  error text not null,
  parked_at timestamptz(3) not null,
  released_at timestamptz(3)
);
create unique index parked_rows_once on parked_rows (kind, row_id) where released_at is null;
create table api_keys (
  id text collate "C" primary key,
  name text not null,
  secret_hash text not null constraint api_keys_secret_hash unique,
  scopes text[] not null,
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  metadata jsonb not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null
);`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table gateway_events, rate_budgets, parked_rows, api_keys');
  }
}
