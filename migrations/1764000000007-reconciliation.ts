import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Coherence1764000000004 } from './1764000000004-coherence.js';

/** Nothing is forgotten: what was compared with the gateway, what a human must look at, and the figures of it. */
export class Reconciliation1764000000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const part of [CHARGES, PARKING, MEASUREMENTS, ORPHANS, COHERENCE]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    const coherence = new Coherence1764000000004();
    await coherence.down(runner);
    await coherence.up(runner);
    await runner.query(`drop table measurements, measurement_turns;
      drop index gateway_events_orphans, parked_rows_open, charges_first_sent, charges_surplus;
      alter table charges drop column verified_at;
      alter table test_clocks drop column passed_over;`);
  }
}

const CHARGES = `
-- When the gateway was last seen to agree with a charge of 14 days or more. Engine clock.
alter table charges add column verified_at timestamptz(3);
-- A report reads one stretch of time. Rows are written in its order, so a few pages of index are enough.
create index charges_first_sent on charges using brin (first_sent_at) with (autosummarize = on);
create index charges_surplus on charges (id) where surplus;`;

const PARKING = `
alter table parked_rows drop constraint parked_rows_kind_check;
alter table parked_rows add constraint parked_rows_kind_check
  check (kind in ('subscription', 'charge', 'refund', 'gateway_event', 'orphan', 'difference'));
create index parked_rows_open on parked_rows (id) where released_at is null;
-- Parked rows that a renewed advance goes on without.
alter table test_clocks add column passed_over text[] not null default '{}';
-- A payment with our reference that no charge of ours is: kept apart from those of other systems.
alter table gateway_events drop constraint gateway_events_outcome_check;
alter table gateway_events add constraint gateway_events_outcome_check
  check (outcome in ('settled', 'nothing_new', 'foreign', 'orphan', 'unreadable', 'parked'));
create index gateway_events_orphans on gateway_events (payment_id)
  where outcome in ('foreign', 'orphan') and reference like 'zq-%';`;

const MEASUREMENTS = `
-- What /metrics shows, measured by one worker in turn and shown by every process.
create table measurements (
  turn text collate "C" not null,
  name text collate "C" not null,
  label text collate "C" not null,
  value double precision not null,
  primary key (name, label)
);
create table measurement_turns (
  name text primary key,
  next_at timestamptz(3) not null,
  measured_at timestamptz(3)
);
insert into measurement_turns (name, next_at) values ('queues', '2000-01-01T00:00:00Z'), ('coherence', '2000-01-01T00:00:00Z');`;

const ORPHANS = `
-- The gateway tells of a payment that carries our reference, no charge of ours is it, and no human is told of it.
create or replace view v_orphan as
select e.payment_id as row_id, 'payment with our reference ' || min(e.reference) || ' is unknown here' as detail
  from gateway_events e
 where e.outcome in ('foreign', 'orphan') and e.reference like 'zq-%'
   and not exists (select 1 from charges c where c.gateway_payment_id = e.payment_id)
   and not exists (select 1 from parked_rows p
                    where p.kind = 'orphan' and p.row_id = e.payment_id and p.released_at is null)
 group by e.payment_id`;

const COHERENCE = `
create or replace function coherence(at timestamptz) returns table (kind text, row_id text, detail text)
language sql stable as $$
  select 'missing_period', row_id, detail from v_missing_period
  union all select 'paid_twice', row_id, detail from v_paid_twice
  union all select 'unbalanced', row_id, detail from v_unbalanced
  union all select 'unbooked', row_id, detail from v_unbooked
  union all select 'orphan', row_id, detail from v_orphan
  -- Work that should have been done long ago, or that nobody would ever do, and that nobody has set aside.
  union all select 'stuck', id, 'charge ' || status || coalesce(', due since ' || next_check_at, ', never due')
    from charges
   where parked_at is null and (next_check_at is null or next_check_at < at - interval '1 hour')
     and status in ('created', 'sending', 'pending', 'unknown')
  union all select 'stuck', id, 'refund ' || status || coalesce(', due since ' || next_check_at, ', never due')
    from refunds
   where parked_at is null and (next_check_at is null or next_check_at < at - interval '1 hour')
     and status in ('created', 'sending', 'pending', 'unknown')
  union all select 'stuck', id, 'subscription due since ' || due_at
    from subscriptions where parked_at is null and test_clock is null and due_at < at - interval '1 hour'
  union all select 'stuck', id, 'gateway event due since ' || next_attempt_at
    from gateway_events where next_attempt_at < at - interval '1 hour'
  -- A renewal that was charged of late, without a notice that had been given in time and said as much.
  union all select 'unnoticed', c.id, 'its customer was not told of it in time'
    from charges c join invoices i on i.id = c.invoice
   where c.kind = 'recurring' and i.charge_from is not null and c.first_sent_at > at - interval '1 day'
     and not exists (
       select 1 from events e
        where e.subject = c.subscription and e.type = 'subscription.renewal_upcoming'
          and e.created_at <= c.created_at - interval '120 hours'
          and (e.data->'object'->>'charge_at')::timestamptz = i.charge_from
          and (e.data->'object'->>'amount')::integer >= c.amount)
  -- Charges that were not, or never will be, compared with the gateway at their age of 14 days: nobody looked,
  -- or look after look came to nothing, and no human is told of a difference.
  union all select 'unverified', id, coalesce('to be compared, next at ' || next_check_at, 'never to be compared')
    from charges c
   where parked_at is null and status not in ('created', 'sending', 'pending', 'unknown')
     and (next_check_at < at - interval '1 day'
          or (verified_at is null and next_check_at is null)
          or (verified_at is null and checks >= 5
              and not exists (select 1 from parked_rows p
                               where p.kind = 'difference' and p.row_id = c.id and p.released_at is null)))
$$;`;
