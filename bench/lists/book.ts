import pg from 'pg';
import type { Wallets } from '../../src/wallets/wallets.js';

/** Rows of the big tables per invoice; the rest follows from the number of subscriptions. */
const PERIODS = 12;
const BEGIN = '2024-01-01T00:00:00Z';
/** Half of the book lies before it. */
export const MIDDLE = '2025-07-01T00:00:00Z';
const DAYS = 1_094;

export const ENDPOINT = 'whk_01000000000000000000000001';
/** Where nothing was told for years. */
export const QUIET_ENDPOINT = 'whk_01000000000000000000000002';
const PLAN = 'plan_01000000000000000000000001';
/** Where it stands nothing else is told: no clock is there, as in production. */
const CLOCK = 'clk_01000000000000000000000001';

/**
 * Fills the tables as three years of business leave them, each row by its time. The rarest value of every
 * column stands at the very beginning, where a list that begins with the newest row comes last.
 * Triggers are off: they judge how a row came to its state, and these were never anything else.
 */
export async function fillBook(url: string, invoices: number, wallets: Wallets): Promise<void> {
  // A connection of its own: those of the engine end what takes a minute.
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('set session_replication_role = replica');
  await client.query(FUNCTIONS);
  const size = { n: invoices, s: Math.ceil(invoices / PERIODS) };
  for (const statement of [...sold(size), ...collected(size), ...told(size)]) await client.query(statement);
  await sealSources(client, wallets);
  await client.query('drop schema book cascade');
  await client.query('vacuum analyze');
  await client.end();
}

/** What no SQL can do: the names of the wallets as the engine keeps them. */
async function sealSources(client: pg.Client, wallets: Wallets): Promise<void> {
  const { rows } = await client.query<{ id: string; name: string }>('select id, gateway_source_id as name from sources');
  await client.query(
    `update sources t set gateway_source_id = r.sealed, gateway_source_index = r.index
       from unnest($1::text[], $2::text[], $3::text[]) as r(id, sealed, index) where t.id = r.id`,
    [rows.map(({ id }) => id), rows.map(({ id, name }) => wallets.seal(id, name)), rows.map(({ name }) => wallets.indexesOf(name)[0])],
  );
}

/** Ids and instants of the n-th of so many rows: both go up together, as they do in life. */
const FUNCTIONS = `
create schema book;
create function book.at(n bigint, of bigint) returns timestamptz(3) language sql immutable as $$
  select timestamptz '${BEGIN}' + n * (interval '${DAYS} days' / of)
$$;
create function book.id(prefix text, n bigint, of bigint) returns text language sql immutable as $$
  select prefix || '_01' || lpad(to_hex((extract(epoch from book.at(n, of)) * 1000)::bigint), 11, '0') || lpad(n::text, 13, '0')
$$`;

interface Size {
  /** Invoices. */
  n: number;
  /** Subscriptions. */
  s: number;
}

const customerOf = ({ s }: Size): string => `book.id('cust', o.sub, ${s})`;
const subscriptionOf = ({ s }: Size): string => `book.id('sub', o.sub, ${s})`;
const invoiceOf = ({ n }: Size): string => `book.id('inv', o.n, ${n})`;
/** Rows in the order of time, each with the subscription that it belongs to. */
const each = (rows: number, { s }: Size): string =>
  `(select i as n, book.at(i, ${rows}) as at, 1 + i % ${s} as sub from generate_series(1::bigint, ${rows}) i) o`;

/** What is sold, to whom. */
function sold(size: Size): string[] {
  const { n, s } = size;
  return [
    `insert into plans values ('${PLAN}', 'book', 'Book', null, 1, true, 'default', 'all', 'off', 0, '{}', '${BEGIN}', '${BEGIN}');
     insert into plan_versions values ('${PLAN}', 1, 3900, 'CNY', 'month', 1, 0, 0, 0, 'second', '${BEGIN}')`,
    `insert into customers (id, email, external_id, locale, country, test_clock, metadata, created_at, updated_at)
     select book.id('cust', o.n, ${s}), 'c' || o.n || '@example.com', 'x' || o.n, case when o.n = 2 then 'en' else 'zh-CN' end,
            case when o.n = 3 then 'HK' else 'CN' end, case when o.n = 4 then '${CLOCK}' end, '{}', o.at, o.at from ${each(s, size)}`,
    `insert into subscriptions (id, customer, plan, plan_version, status, quantity, currency, trial_days, trial_amount, time_zone,
       terminal_type, success_url, failure_url, source, test_clock, billing_anchor, epoch, epoch_first_period, period_no, period_start,
       period_end, paid_through, trial_end, cancel_at_period_end, resumes_when_paid, canceled_at, paused_at, resumes_at, latest_invoice, past_due_class,
       next_attempt_at, due_at, metadata, created_at, updated_at)
     select book.id('sub', o.n, ${s}), book.id('cust', o.n, ${s}), '${PLAN}', 1, o.status, 1, 'CNY', 0, 0, 'Asia/Shanghai',
       'WEB', 'https://shop.example/yes', 'https://shop.example/no', book.id('psrc', o.n, ${s}),
       case when o.n = 4 then '${CLOCK}' end, o.at, 0, 1, ${PERIODS},
       book.at(${n} - o.n, ${n}), book.at(${n} - o.n, ${n}) + interval '1 month', book.at(${n} - o.n, ${n}) + interval '1 month',
       case when o.n % 4 = 0 then o.at + interval '7 days' end,
       o.n = 5, false, case when o.status = 'canceled' then o.at + interval '90 days' end,
       case when o.status = 'paused' then o.at + interval '60 days' end, case when o.status = 'paused' then o.at + interval '120 days' end,
       book.id('inv', ${n} - o.n, ${n}), case when o.status = 'past_due' then case when o.n = 6 then 'risk' else 'funds' end end,
       case when o.status = 'past_due' then timestamptz '2027-02-01' end,
       case when o.status = 'active' then book.at(${n} - o.n, ${n}) + interval '1 month' end, '{}', o.at, o.at
     from (select *, case when n = 7 then 'unpaid' when n = 8 then 'incomplete' when n = 6 or n % 40 = 1 then 'past_due' when n % 10 = 2 then 'canceled'
       when n % 100 = 3 then 'paused' when n % 200 = 4 then 'trialing' else 'active' end as status from ${each(s, size)}) o`,
    `insert into sources (id, gateway_source_id, gateway_source_index, customer, subscription, charge, status, created_at, updated_at)
     select book.id('psrc', o.n, ${s}), 'src_' || lpad(o.n::text, 26, 'a'), '', book.id('cust', o.n, ${s}), book.id('sub', o.n, ${s}), '', 'active', o.at, o.at
     from ${each(s, size)}`,
  ];
}

/** What is owed, paid and given back. */
function collected(size: Size): string[] {
  const { n, s } = size;
  const refunds = Math.ceil(n / 20);
  return [
    `insert into invoices (id, number, customer, subscription, status, currency, period_no, period_start, period_end, lines, subtotal,
       discount, tax, total, balance_applied, amount_paid, amount_due, attempt_count, next_attempt_at, paid_at, void_reason,
       billed_customer, metadata, created_at, updated_at)
     select ${invoiceOf(size)}, 'ZQ-' || o.n, ${customerOf(size)}, ${subscriptionOf(size)}, o.status, case when o.n = 2 then 'USD' else 'CNY' end,
       1 + o.n / ${s}, o.at, o.at + interval '1 month', '[{"description": "Book", "quantity": 1, "unit_amount": 3900, "amount": 3900}]', 3900,
       0, 0, 3900, 0, case o.status when 'paid' then 3900 else 0 end, case o.status when 'paid' then 0 else 3900 end, 1,
       case o.status when 'open' then o.at + interval '3 days' end, case o.status when 'paid' then o.at + interval '5 seconds' end,
       case o.status when 'void' then case when o.n = 3 then 'credited' else 'subscription_ended' end end,
       '{"email": "somebody@example.com", "name": null, "country": "CN"}', '{}', o.at, o.at
     from (select *, case when n = 1 then 'draft' when n = 3 or n % 200 = 1 then 'void' when n % 500 = 2 then 'uncollectible'
       when n > ${n} * 0.99 and n % 5 = 0 then 'open' else 'paid' end as status from ${each(n, size)}) o`,
    `insert into charges (id, customer, subscription, invoice, period_no, kind, trigger, attempt, amount, amount_refunded, amount_credited,
       refund_count, currency, status, surplus, reference, idempotency_key, body, body_hash, source, gateway_payment_id, sends, lease_token,
       first_sent_at, last_sent_at, next_check_at, checks, empty_lookups, decline_class, requested_at, settled_at, verified_at, metadata, created_at, updated_at)
     select book.id('chg', o.n, ${n}), ${customerOf(size)}, ${subscriptionOf(size)}, ${invoiceOf(size)}, 1 + o.n / ${s},
       case when o.n = 2 then 'checkout' when o.n = 3 then 'initial' when o.n % 20 = 0 then 'retry' else 'recurring' end,
       case when o.n = 4 then 'operator' when o.n = 5 then 'customer' when o.n = 6 then 'technical' else 'schedule' end,
       1, 3900, 0, 0, 0, case when o.n = 2 then 'USD' else 'CNY' end, o.status, o.n = 7, 'zq-' || o.n, 'key-' || o.n, repeat('{}', 200), 'hash',
       book.id('psrc', o.sub, ${s}), 'pay_' || lpad(o.n::text, 26, 'a'), 1, 1, o.at, o.at,
       case when o.status in ('created', 'pending') then o.at when o.n > ${n} * 0.99 then o.at + interval '14 days' end, 0, 0,
       case when o.n = 8 then 'risk' when o.status = 'declined' then 'funds' end, o.at,
       case when o.status not in ('created', 'pending') then o.at + interval '5 seconds' end,
       case when o.n < ${n} * 0.99 then o.at + interval '14 days' end, '{}', o.at, o.at
     from (select *, case when n in (1, 9) then 'absent' when n = 10 then 'created' when n = 11 then 'expired' when n = 8 or n % 20 = 1 then 'declined'
       when n > ${n} * 0.999 and n % 3 = 0 then 'pending' else 'captured' end as status from ${each(n, size)}) o`,
    `insert into refunds (id, charge, customer, subscription, number, cause, amount, currency, status, reference, idempotency_key, body,
       gateway_payment_id, gateway_action_id, sends, lease_token, first_sent_at, last_sent_at, next_check_at, checks, empty_lookups, requested_at,
       settled_at, metadata, created_at, updated_at)
     select book.id('rfnd', o.n, ${refunds}), book.id('chg', o.n * 20, ${n}), ${customerOf(size)}, ${subscriptionOf(size)}, 1,
       case when o.n = 1 then 'returned' else 'request' end, 100, case when o.n = 2 then 'USD' else 'CNY' end,
       case when o.n = 3 then 'unknown' else 'succeeded' end, 'zq-' || o.n || '-r1', 'rkey-' || o.n, '{}', 'pay_' || lpad((o.n * 20)::text, 26, 'a'),
       'act_' || o.n, 1, 1, o.at, o.at, case when o.n = 3 then o.at end, 0, 0, o.at, o.at, '{}', o.at, o.at from ${each(refunds, size)}`,
  ];
}

/** What is told of it. */
function told(size: Size): string[] {
  const { n, s } = size;
  const audited = Math.ceil(n / 10);
  return [
    `insert into message_wordings values ('book', 'Receipt', 'Thank you', null)`,
    `insert into events (id, type, subject, sequence, data, created_at, recorded_at)
     select book.id('evnt', o.n, ${2 * n}), case when o.n = 1 then 'row.parked' when o.n = 2 then 'refund.declined' when o.n = 3 then 'invoice.voided'
         when o.n % 100 = 4 then 'invoice.payment_failed' when o.n % 2 = 0 then 'invoice.paid' else 'charge.captured' end,
       ${subscriptionOf(size)}, 1 + o.n / ${s}, json_build_object('object', json_build_object('object', 'invoice', 'number', o.n, 'text', repeat('x', 200))), o.at, o.at
     from ${each(2 * n, size)}`,
    `insert into messages (id, name, customer, subscription, invoice, locale, recipient, data, status, attempts, next_attempt_at, wording, error,
       sent_at, created_at, recorded_at, updated_at)
     select book.id('msg', 2 * o.n, ${2 * n}), case when o.n = 1 then 'canceled' when o.n % 50 = 2 then 'payment_failed' else 'receipt' end, ${customerOf(size)},
       ${subscriptionOf(size)}, ${invoiceOf(size)}, case when o.n = 2 then 'en' else 'zh-CN' end, 'c' || o.sub || '@example.com', '{}', o.status, 1,
       case o.status when 'pending' then o.at end, case o.status when 'sent' then 'book' end, case o.status when 'failed' then 'no such mailbox' end,
       case o.status when 'sent' then o.at end, o.at, o.at, o.at
     from (select *, case when n = 3 then 'kept' when n = 4 then 'pending' when n % 100 = 5 then 'failed' else 'sent' end as status from ${each(n, size)}) o`,
    `insert into webhook_endpoints (id, url, events, active, secret, metadata, created_at, updated_at)
     select id, 'https://shop.example/hook', '{*}', true, '', '{}', '${BEGIN}', '${BEGIN}' from unnest('{${ENDPOINT},${QUIET_ENDPOINT}}'::text[]) id`,
    `insert into webhook_deliveries (id, endpoint, event, event_type, subject, sequence, status, attempts, queued_at, next_attempt_at, lease_token,
       last_attempt_at, response_status, delivered_at, created_at, updated_at)
     select webhook_delivery_id(w.id, e.id), w.id, e.id, e.type, e.subject, e.sequence,
       case when e.type = 'row.parked' then 'parked' when e.type = 'refund.declined' then 'pending' else 'delivered' end, 1, e.created_at,
       case when e.type = 'refund.declined' then timestamptz '2099-01-01' end, 1, e.created_at, 200,
       case when e.type not in ('row.parked', 'refund.declined') then e.created_at end, e.created_at, e.created_at
     from events e join webhook_endpoints w on w.id = '${ENDPOINT}' or e.sequence = 1
     where right(e.id, 1) in ('1', '2', '4', '6', '8')`,
    `insert into audit_log (id, api_key, api_key_name, method, route, path, resource, status, request_id, created_at)
     select book.id('aud', o.n, ${audited}), 'key_01000000000000000000000001', 'shop', case when o.n = 1 then 'PUT' else 'POST' end,
       case when o.n = 2 then '/v1/plans' else '/v1/subscriptions' end, '/v1/subscriptions', ${subscriptionOf(size)}, 201, 'req-' || o.n, o.at from ${each(audited, size)}`,
  ];
}
