import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What merchants are told, and where: their endpoints, and one delivery for each event that an endpoint listens to. */
export class Webhooks1764000000011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const part of [ENDPOINTS, DELIVERIES, HEARING]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table webhook_endpoints, webhook_deliveries');
    await runner.query('drop function webhook_hears, webhook_delivery_id');
    await runner.query('drop index events_recorded');
  }
}

const ENDPOINTS = `
create table webhook_endpoints (
  id text collate "C" primary key,
  url text not null,
  events text[] not null check (cardinality(events) > 0),
  description text,
  active boolean not null,
  -- Sealed with the installation secret; so is the one before it, which signs beside it for a while.
  secret text not null,
  previous_secret text,
  previous_secret_until timestamptz(3),
  -- Since when nothing was taken any more. Engine clock.
  failing_since timestamptz(3),
  disabled_at timestamptz(3),
  disabled_reason text check (disabled_reason in ('failing', 'gone')),
  -- What is still to be queued again, by the engine's clock.
  replay_from timestamptz(3),
  replay_to timestamptz(3),
  -- Its deliveries go first, a set at a time.
  deleted_at timestamptz(3),
  metadata jsonb not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  check ((previous_secret is null) = (previous_secret_until is null)),
  check ((disabled_at is null) = (disabled_reason is null)),
  check (disabled_at is null or not active),
  check (deleted_at is null or not active),
  check ((replay_from is null) = (replay_to is null))
);`;

const DELIVERIES = `
create table webhook_deliveries (
  -- Derived from endpoint and event, so that there is one of each whoever queues it: webhook_delivery_id().
  id text collate "C" primary key,
  endpoint text collate "C" not null,
  event text collate "C" not null,
  event_type text not null,
  subject text collate "C" not null,
  sequence integer not null,
  status text not null check (status in ('pending', 'delivered', 'parked')),
  attempts integer not null,
  -- When it was asked for, last: seven days later it is given up. Engine clock, like all that follows.
  queued_at timestamptz(3) not null,
  next_attempt_at timestamptz(3),
  lease_token integer not null,
  lease_until timestamptz(3),
  last_attempt_at timestamptz(3),
  response_status integer,
  response_body text,
  duration_ms integer,
  error text,
  delivered_at timestamptz(3),
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  check ((status = 'pending') = (next_attempt_at is not null)),
  check ((status = 'delivered') = (delivered_at is not null)),
  check (lease_until is null or status = 'pending')
) with (fillfactor = 80);
-- The two say "pending" in different words, so that the planner cannot take one for the other while it knows no
-- figures: what is due is asked by its time alone, what comes first of a subject by the status alone.
create index webhook_deliveries_due on webhook_deliveries (endpoint, next_attempt_at, sequence) where next_attempt_at is not null;
create index webhook_deliveries_order on webhook_deliveries (endpoint, subject, sequence) where status = 'pending';
-- One in flight per endpoint and subject, whatever the code believes.
create unique index webhook_deliveries_in_flight on webhook_deliveries (endpoint, subject) where lease_until is not null;
create index webhook_deliveries_parked on webhook_deliveries (endpoint) where status = 'parked';
create index webhook_deliveries_done on webhook_deliveries (delivered_at) where status = 'delivered';
create index webhook_deliveries_list on webhook_deliveries (endpoint, id);`;

const HEARING = `
-- Whether an endpoint's filters let an event through: '*', 'invoice.*', or the very type.
create function webhook_hears(filters text[], type text) returns boolean language sql immutable as $$
  select filters && array['*', split_part(type, '.', 1) || '.*', type]
$$;
-- A well-formed id that sorts by the event's time: of the event's own it keeps the time, version and variant.
create function webhook_delivery_id(endpoint text, event text) returns text language sql immutable as $$
  select 'dlv_' || substr(event, 6, 14) || substr(md5(endpoint || ' ' || event), 1, 12)
$$;
-- A replay reads one stretch of time. Rows are written in its order, so a few pages of index are enough.
create index events_recorded on events using brin (recorded_at) with (autosummarize = on);`;
