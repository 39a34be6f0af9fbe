import type { MigrationInterface, QueryRunner } from 'typeorm';
import { REFUNDS } from './refunds.sql.js';

/** What is owed, how it is collected and given back: invoices, charges and refunds, with the promises that SQL itself keeps. */
export class Collecting1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(INVOICES);
    await runner.query(WINDOWS);
    await runner.query(CHARGES);
    await runner.query(REFUNDS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table refunds, charges, invoices, invoice_numbers, gateway_windows cascade');
    await runner.query('drop function refund_guard, charge_guard, charge_frozen, invoice_guard, invoice_frozen, may_resend, is_absent');
  }
}

const INVOICES = `
create table invoice_numbers (
  year integer primary key,
  last integer not null
);
create table invoices (
  id text collate "C" primary key,
  number text not null constraint invoices_number unique,
  customer text collate "C" not null,
  subscription text collate "C" not null references subscriptions (id) on delete cascade,
  status text not null check (status in ('draft', 'open', 'paid', 'void', 'uncollectible')),
  currency text not null,
  period_no integer not null check (period_no >= 0),
  period_start timestamptz(3),
  period_end timestamptz(3),
  lines jsonb not null,
  subtotal integer not null,
  discount integer not null,
  tax integer not null,
  total integer not null check (total between 0 and 999999999),
  balance_applied integer not null check (balance_applied between 0 and total),
  amount_paid integer not null check (amount_paid between 0 and total),
  amount_due integer not null check (amount_due between 0 and total),
  attempt_count integer not null,
  next_attempt_at timestamptz(3),
  -- Before this instant no stored wallet is charged for it: the customer's notice is too young.
  charge_from timestamptz(3),
  paid_at timestamptz(3),
  -- Why it is not owed after all.
  void_reason text,
  billed_customer jsonb not null,
  metadata jsonb not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  check (period_start < period_end),
  check (status <> 'paid' or (amount_due = 0 and amount_paid + balance_applied = total and paid_at is not null))
) with (fillfactor = 80);
-- The promise, in SQL: one invoice per subscription and period.
create unique index invoices_one_per_period on invoices (subscription, period_no) where status <> 'void';
create index invoices_customer on invoices (customer, id);
-- Nearly all invoices end as paid, and what is open is new: a list finds both without help; the others deserve an index.
create index invoices_failed on invoices (status, id) where status in ('draft', 'void', 'uncollectible');
-- The only index that leads to what is open: with a choice the planner walks through all of it on a busy night.
create index invoices_open on invoices (subscription) where status = 'open';
create function invoice_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    -- A period that is skipped is written down as void in the same breath, with its reason; one that the
    -- customer's own balance pays wholly, or that costs nothing, as paid.
    if new.status not in ('draft', 'open')
       and not (new.status = 'void' and new.void_reason is not null)
       and not (new.status = 'paid' and new.amount_paid = 0) then
      raise exception 'invoice %: begins as draft or open, not as %', new.id, new.status using errcode = 'check_violation';
    end if;
    return new;
  end if;
  if old.status <> new.status and (old.status, new.status) not in
     (('draft', 'open'), ('draft', 'void'), ('open', 'paid'), ('open', 'void'), ('open', 'uncollectible'),
      ('uncollectible', 'paid')) then
    raise exception 'invoice %: % cannot become %', old.id, old.status, new.status using errcode = 'check_violation';
  end if;
  if old.charge_from is not null and (new.charge_from is null or new.charge_from < old.charge_from) then
    raise exception 'invoice %: what a notice has put off is not charged sooner', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger invoice_guard before insert or update on invoices for each row execute function invoice_guard();
-- Asked only where such a column is written at all, which the engine never does: so it costs nothing.
create function invoice_frozen() returns trigger language plpgsql as $$
begin
  if (new.subscription, new.customer, new.period_no, new.currency, new.number, new.billed_customer, new.lines,
      new.subtotal, new.discount, new.tax, new.total, new.balance_applied)
     is distinct from
     (old.subscription, old.customer, old.period_no, old.currency, old.number, old.billed_customer, old.lines,
      old.subtotal, old.discount, old.tax, old.total, old.balance_applied) then
    raise exception 'invoice %: what was billed is frozen', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger invoice_frozen before update of subscription, customer, period_no, currency, number, billed_customer, lines,
    subtotal, discount, tax, total, balance_applied
  on invoices for each row execute function invoice_frozen();`;

const WINDOWS = `
-- What the gateway is configured to remember and to need: each start of an engine writes it here, so that
-- the guards below can judge a resend without trusting the code that asks for it.
create table gateway_windows (
  only_row boolean primary key default true check (only_row),
  settle_seconds integer not null check (settle_seconds > 0),
  idempotency_hours double precision not null check (idempotency_hours >= 2)
);
insert into gateway_windows (settle_seconds, idempotency_hours) values (1800, 24);
-- Whether the same bytes may go out again at \`at\`: after an empty look-up, S since the last sending, and
-- while the key is certainly remembered.
create function may_resend(first_sent timestamptz, last_sent timestamptz, empty_at timestamptz, at timestamptz)
returns boolean language sql stable as $$
  select coalesce(empty_at > last_sent, false)
     and at >= last_sent + w.settle_seconds * interval '1 second'
     and at < first_sent + (w.idempotency_hours - 1) * interval '1 hour'
    from gateway_windows w
$$;
-- Whether it is proven that the gateway never had it: the key's life is over, and enough looks found nothing.
create function is_absent(first_sent timestamptz, last_sent timestamptz, looks integer, since timestamptz, at timestamptz)
returns boolean language sql stable as $$
  select coalesce(looks >= 3 and at - since >= interval '90 minutes', false)
     and at >= first_sent + (w.idempotency_hours + 2) * interval '1 hour'
     and at >= last_sent + greatest(interval '2 hours', w.settle_seconds * interval '1 second')
    from gateway_windows w
$$;`;

const CHARGES = `
create table charges (
  id text collate "C" primary key,
  customer text collate "C" not null,
  subscription text collate "C" not null,
  invoice text collate "C" not null references invoices (id) on delete cascade,
  period_no integer not null,
  kind text not null check (kind in ('initial', 'recurring', 'retry', 'checkout')),
  trigger text not null check (trigger in ('schedule', 'technical', 'operator', 'customer')),
  dunning_step integer check (dunning_step > 0),
  attempt integer not null check (attempt > 0),
  amount integer not null check (amount between 1 and 999999999),
  amount_refunded integer not null check (amount_refunded >= 0),
  amount_credited integer not null check (amount_credited >= 0),
  refund_count integer not null check (refund_count >= 0),
  currency text not null,
  status text not null check (status in ('created', 'sending', 'pending', 'unknown', 'captured', 'declined',
    'refused', 'expired', 'canceled', 'absent', 'withdrawn')),
  surplus boolean not null,
  reference text not null constraint charges_reference unique check (reference ~ '^[A-Za-z0-9-]{1,50}$'),
  idempotency_key text not null constraint charges_idempotency_key unique,
  body text not null,
  body_hash text not null,
  source text collate "C",
  gateway_payment_id text,
  redirect_url text,
  expires_at timestamptz(3),
  sends integer not null,
  lease_token integer not null,
  lease_until timestamptz(3),
  first_sent_at timestamptz(3),
  last_sent_at timestamptz(3),
  next_check_at timestamptz(3),
  checks integer not null,
  empty_lookups integer not null,
  empty_since timestamptz(3),
  empty_at timestamptz(3),
  response_code text,
  response_summary text,
  decline_class text check (decline_class in ('funds', 'technical', 'reauthorise', 'risk', 'configuration')),
  gateway_request_id text,
  requested_at timestamptz(3),
  settled_at timestamptz(3),
  parked_at timestamptz(3),
  -- When all earlier attempts of the period were last seen to have failed for good.
  cleared_at timestamptz(3),
  lost_at timestamptz(3),
  test_clock text collate "C",
  metadata jsonb not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  constraint charges_attempt unique (subscription, period_no, attempt),
  check (status not in ('sending', 'unknown') or first_sent_at is not null),
  check ((sends = 0) = (first_sent_at is null)),
  check (last_sent_at >= first_sent_at),
  -- Nothing goes back that was not captured, and no part of it twice.
  check (amount_refunded + amount_credited <= case when status = 'captured' then amount else 0 end)
) with (fillfactor = 70);
-- One open merchant-initiated charge per invoice. Captures are never in the way of it: late money is always bookable.
create unique index charges_one_open on charges (invoice)
  where kind in ('recurring', 'retry') and status in ('created', 'sending', 'pending', 'unknown');
create unique index charges_gateway_payment_id on charges (gateway_payment_id) where gateway_payment_id is not null;
create index charges_to_send on charges (next_check_at) where status = 'created' and parked_at is null;
create index charges_to_look_up on charges (next_check_at)
  where status in ('sending', 'pending', 'unknown') and parked_at is null;
create index charges_to_verify on charges (next_check_at)
  where status not in ('created', 'sending', 'pending', 'unknown') and next_check_at is not null and parked_at is null;
create index charges_open_on_clock on charges (test_clock)
  where test_clock is not null and kind in ('recurring', 'retry') and status in ('created', 'sending', 'pending', 'unknown');
create index charges_invoice on charges (invoice, id);
create index charges_customer on charges (customer, id);
-- Nearly all charges end as captured, which a list finds without help; those that failed deserve an index.
create index charges_failed on charges (status, id)
  where status not in ('created', 'sending', 'pending', 'captured');
create function charge_guard() returns trigger language plpgsql as $$
declare
  billed record;
begin
  if tg_op = 'INSERT' then
    -- A second payment that the gateway made of one request is found when it is captured already.
    -- It may be claimed in the transaction that creates it: the call comes after the commit all the same.
    if new.status <> 'created'
       and not (new.status = 'sending' and new.sends = 1 and new.lease_token = 1 and new.lease_until is not null)
       and not (new.status = 'captured' and new.sends = 0 and new.gateway_payment_id is not null) then
      raise exception 'charge %: begins as created, not as %', new.id, new.status using errcode = 'check_violation';
    end if;
    if new.status = 'captured' then
      return new;
    end if;
    select status, charge_from into billed from invoices where id = new.invoice;
    if billed.status <> 'open' then
      raise exception 'charge %: its invoice is not open', new.id using errcode = 'check_violation';
    end if;
    -- Both instants are on the customer's clock.
    if new.kind in ('recurring', 'retry') and new.created_at < billed.charge_from then
      raise exception 'charge %: may not be charged before its notice is old enough', new.id using errcode = 'check_violation';
    end if;
    return new;
  end if;
  if (old.source is not null and old.source is distinct from new.source)
     or (old.gateway_payment_id is not null and old.gateway_payment_id is distinct from new.gateway_payment_id)
     or (old.first_sent_at is not null and old.first_sent_at is distinct from new.first_sent_at) then
    raise exception 'charge %: source, payment and first sending are written once', old.id using errcode = 'check_violation';
  end if;
  if new.lease_token < old.lease_token then
    raise exception 'charge %: an older lease cannot write', old.id using errcode = 'check_violation';
  end if;
  -- A redirect is harmless without its customer, so it is replayed once to get its link back.
  if old.status = 'unknown' and new.status = 'sending'
     and not (new.kind in ('initial', 'checkout') and new.sends <= 2)
     and not may_resend(old.first_sent_at, old.last_sent_at, new.empty_at, new.last_sent_at) then
    raise exception 'charge %: may not be sent again', old.id using errcode = 'check_violation';
  end if;
  if old.status = 'unknown' and new.status = 'absent'
     and not is_absent(old.first_sent_at, old.last_sent_at, new.empty_lookups, new.empty_since, new.empty_at) then
    raise exception 'charge %: is not proven absent', old.id using errcode = 'check_violation';
  end if;
  if old.status <> new.status and (old.status, new.status) not in
     (('created', 'sending'), ('created', 'withdrawn'), ('created', 'pending'), ('created', 'captured'),
      ('created', 'declined'), ('created', 'expired'), ('created', 'canceled'),
      ('sending', 'created'), ('sending', 'unknown'), ('sending', 'refused'), ('sending', 'pending'),
      ('sending', 'captured'), ('sending', 'declined'), ('sending', 'expired'), ('sending', 'canceled'),
      ('unknown', 'sending'), ('unknown', 'absent'), ('unknown', 'pending'), ('unknown', 'captured'),
      ('unknown', 'declined'), ('unknown', 'expired'), ('unknown', 'canceled'),
      ('pending', 'captured'), ('pending', 'declined'), ('pending', 'expired'), ('pending', 'canceled'),
      ('declined', 'captured'), ('refused', 'captured'), ('expired', 'captured'), ('canceled', 'captured'),
      ('absent', 'captured'), ('withdrawn', 'captured')) then
    raise exception 'charge %: % cannot become %', old.id, old.status, new.status using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger charge_guard before insert or update on charges for each row execute function charge_guard();
create function charge_frozen() returns trigger language plpgsql as $$
begin
  if (new.subscription, new.customer, new.invoice, new.period_no, new.kind, new.trigger, new.dunning_step, new.attempt, new.amount, new.currency,
      new.reference, new.idempotency_key, new.body, new.body_hash)
     is distinct from
     (old.subscription, old.customer, old.invoice, old.period_no, old.kind, old.trigger, old.dunning_step, old.attempt, old.amount, old.currency,
      old.reference, old.idempotency_key, old.body, old.body_hash) then
    raise exception 'charge %: its identity is written once', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger charge_frozen before update of subscription, customer, invoice, period_no, kind, trigger, dunning_step,
    attempt, amount, currency, reference, idempotency_key, body, body_hash
  on charges for each row execute function charge_frozen();`;
