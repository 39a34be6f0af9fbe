import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Questions whose answer must always be "nothing": do our own tables agree with each other? */
export class Coherence1764000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const view of VIEWS) await runner.query(view);
    await runner.query(COHERENCE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function coherence');
    await runner.query('drop view v_missing_period, v_paid_twice, v_unbalanced, v_unbooked, v_orphan');
  }
}

const VIEWS = [
  // A period that a subscription lived through and that nobody ever billed.
  `create view v_missing_period as
   select s.id as row_id, 'period ' || g.period_no || ' was never invoiced' as detail
     from subscriptions s
     cross join lateral generate_series(1, s.period_no) as g (period_no)
    where not exists (select 1 from invoices i where i.subscription = s.id and i.period_no = g.period_no)`,

  // A period for which two captures count.
  `create view v_paid_twice as
   select subscription as row_id, 'period ' || period_no || ' has ' || count(*) || ' captures that count' as detail
     from charges
    where status = 'captured' and not surplus
    group by subscription, period_no
   having count(*) > 1`,

  // Books that do not add up: a fact that is not zero, or an account that differs from the rows it stands for.
  // Customers who were removed with their test clock have left the books behind, and nothing to compare.
  `create view v_unbalanced as
   with accounts as (
     select t.currency, e.account, sum(e.amount) as amount
       from ledger_entries e
       join ledger_transactions t using (source_key)
       join customers c on c.id = t.customer
      group by t.currency, e.account
   ), rows as (
     select currency, 'receivable' as account, sum(amount_due) as amount
       from invoices where status = 'open' group by currency
     union all
     select currency, 'customer_balance', -sum(amount) from customer_balances group by currency
     union all
     select currency, 'gateway_clearing', sum(amount - amount_refunded)
       from charges where status = 'captured' group by currency
     union all
     select currency, 'surplus', -sum(amount - amount_refunded - amount_credited)
       from charges where status = 'captured' and surplus group by currency
   )
   select source_key as row_id, 'entries sum to ' || sum(amount) as detail
     from ledger_entries group by source_key having sum(amount) <> 0
   union all
   select source_key, 'a fact without entries' from ledger_transactions t
    where not exists (select 1 from ledger_entries e where e.source_key = t.source_key)
   union all
   select coalesce(a.account, r.account),
          'the books say ' || coalesce(a.amount, 0) || ' ' || coalesce(a.currency, r.currency)
            || ', the rows say ' || coalesce(r.amount, 0)
     from (select * from accounts where account in ('receivable', 'customer_balance', 'gateway_clearing', 'surplus')) a
     full join rows r using (currency, account)
    where coalesce(a.amount, 0) <> coalesce(r.amount, 0)`,

  // Money that a row claims and the books do not know.
  `create view v_unbooked as
   select c.id as row_id, 'captured, and not in the books' as detail
     from charges c
    where c.status = 'captured'
      and not exists (select 1 from ledger_transactions t where t.source_key = c.gateway_payment_id || ':capture')
   union all
   select r.id, 'given back, and not in the books'
     from refunds r
    where r.status = 'succeeded'
      and not exists (select 1 from ledger_transactions t where t.source_key = r.id || ':refunded')
   union all
   select c.id, 'its refunds do not add up to what went back'
     from charges c
    where c.refund_count > 0
      and c.amount_refunded <> (select coalesce(sum(r.amount), 0) from refunds r where r.charge = c.id and r.status = 'succeeded')
   union all
   select i.id, 'finalized, and not in the books'
     from invoices i
    where i.status <> 'draft' and i.total > 0
      and not exists (select 1 from ledger_transactions t where t.source_key = i.id || ':finalized')
   union all
   select i.id, 'paid, and no capture or balance paid it'
     from invoices i
    where i.status = 'paid' and i.amount_paid > 0
      and not exists (select 1 from charges c where c.invoice = i.id and c.status = 'captured' and not c.surplus)`,

  // The gateway tells of a payment that carries our reference, and no charge of ours is it.
  `create view v_orphan as
   select payment_id as row_id, 'payment with our reference ' || reference || ' is unknown here' as detail
     from gateway_events
    where outcome = 'foreign' and reference like 'zq-%'`,
];

const COHERENCE = `
create function coherence(at timestamptz) returns table (kind text, row_id text, detail text)
language sql stable as $$
  select 'missing_period', row_id, detail from v_missing_period
  union all select 'paid_twice', row_id, detail from v_paid_twice
  union all select 'unbalanced', row_id, detail from v_unbalanced
  union all select 'unbooked', row_id, detail from v_unbooked
  union all select 'orphan', row_id, detail from v_orphan
  -- Work that should have been done long ago and that nobody has set aside.
  union all select 'stuck', id, 'charge ' || status || ', due since ' || next_check_at
    from charges
   where parked_at is null and next_check_at < at - interval '1 hour'
     and status in ('created', 'sending', 'pending', 'unknown')
  union all select 'stuck', id, 'refund ' || status || ', due since ' || next_check_at
    from refunds
   where parked_at is null and next_check_at < at - interval '1 hour'
     and status in ('created', 'sending', 'pending', 'unknown')
  union all select 'stuck', id, 'subscription due since ' || due_at
    from subscriptions where parked_at is null and test_clock is null and due_at < at - interval '1 hour'
  union all select 'stuck', id, 'gateway event due since ' || next_attempt_at
    from gateway_events where next_attempt_at < at - interval '1 hour'
  -- Charges that were never compared with the gateway once more at their age of 14 days.
  union all select 'unverified', id, 'to be compared since ' || next_check_at
    from charges
   where parked_at is null and next_check_at < at - interval '1 day'
     and status not in ('created', 'sending', 'pending', 'unknown')
$$;`;
