import type { Config } from '../platform/config/config.js';
import type { Turn } from './measures.js';

const OPEN = `('sending', 'pending', 'unknown')`;
/** $1 is now. */
const age = (since: string): string => `coalesce(greatest(0, extract(epoch from $1 - ${since})), 0)::float8`;

/** What each timer finds due, in the words of its own index. */
const DUE: readonly [timer: string, time: string, rows: string][] = [
  ['live', 'due_at', 'subscriptions where due_at is not null and parked_at is null and test_clock is null'],
  ['send', 'next_check_at', `charges where status = 'created' and parked_at is null`],
  ['look_up', 'next_check_at', `charges where status in ${OPEN} and parked_at is null`],
  ['verify', 'next_check_at', `charges where status not in ('created', 'sending', 'pending', 'unknown') and parked_at is null`],
  ['refund', 'next_check_at', `refunds where status in ('created', 'sending', 'pending', 'unknown') and parked_at is null`],
  ['gateway_events', 'next_attempt_at', 'gateway_events where next_attempt_at is not null'],
  ['messages', 'next_attempt_at', `messages where status = 'pending'`],
  ['webhooks', 'next_attempt_at', 'webhook_deliveries where next_attempt_at is not null'],
];

const QUEUES = `
  with due as (
    ${DUE.map(([timer, time, rows]) => `select '${timer}' as timer, count(*) as rows, min(${time}) as oldest from ${rows} and ${time} <= $1`).join(`
    union all `)}
  ), open_charges as (
    select status, coalesce(first_sent_at, next_check_at) as since from charges where status = 'created' and parked_at is null
    union all
    select status, coalesce(first_sent_at, next_check_at) from charges where status in ${OPEN} and parked_at is null
  ), open_refunds as (
    select status, created_at from refunds where status in ('created', 'sending', 'pending', 'unknown') and parked_at is null
  ), waiting_events as (
    select count(*) as events, min(received_at) as oldest from gateway_events where next_attempt_at is not null
  )
  select 'zhouqi_parked_rows' as name, kind as label, count(*)::float8 as value from parked_rows where released_at is null group by kind
  union all select 'zhouqi_due_rows', timer, rows from due
  union all select 'zhouqi_due_oldest_age_seconds', timer, ${age('oldest')} from due
  union all select 'zhouqi_charges_open', status || ' ' || case
                when since > $1 - interval '5 minutes' then 'under_5m' when since > $1 - interval '1 hour' then 'under_1h'
                when since > $1 - interval '1 day' then 'under_1d' when since > $1 - interval '3 days' then 'under_3d'
                else 'older' end, count(*)
              from open_charges group by 2
  union all select 'zhouqi_charges_open_oldest_age_seconds', status, ${age('min(since)')} from open_charges group by status
  union all select 'zhouqi_refunds_open', status, count(*) from open_refunds group by status
  union all select 'zhouqi_refunds_open_oldest_age_seconds', status, ${age('min(created_at)')} from open_refunds group by status
  union all select 'zhouqi_messages_failed', '', count(*) from messages where status = 'failed' and updated_at > $1 - interval '1 day'
  union all select 'zhouqi_dunning_subscriptions', waits_for, count(*)
              from (select case when dunning_ends_at is null then 'time' when past_due_class = 'configuration' then 'operator'
                                else 'customer' end as waits_for
                      from subscriptions where status = 'past_due') dunned
             group by waits_for
  union all select 'zhouqi_gateway_events_waiting', '', events from waiting_events
  union all select 'zhouqi_gateway_events_waiting_oldest_age_seconds', '', ${age('oldest')} from waiting_events
  union all select 'zhouqi_webhook_deliveries', state, count(*)
              from (select case when error is null then 'waiting' else 'failing' end as state from webhook_deliveries where status = 'pending'
                    union all select 'parked' from webhook_deliveries where status = 'parked') d group by state
  union all select 'zhouqi_webhook_deliveries_oldest_age_seconds', '', ${age('min(queued_at)')}
              from webhook_deliveries where status = 'pending'
  union all select 'zhouqi_webhook_endpoints', state, count(*)
              from (select case when disabled_at is not null then 'disabled' when not active then 'inactive'
                                when failing_since is not null then 'failing' else 'well' end as state
                      from webhook_endpoints where deleted_at is null) e group by state
  union all select 'zhouqi_gateway_circuit', state, 1 from gateway_circuit
  union all select 'zhouqi_rate_budget_left', r.name,
                   least(r.rate, coalesce(b.tokens + greatest(0, extract(epoch from $1 - b.refilled_at)) * r.rate, r.rate))
              from (values ('writes', $2::float8), ('reads', $3::float8)) as r(name, rate) left join rate_budgets b on b.name = r.name
  union all select 'zhouqi_quarantine', '', count(*) from engine_state where quarantined_at is not null`;

const COHERENCE = `select 'zhouqi_coherence_rows' as name, kind as label, count(*)::float8 as value from coherence($1) group by kind`;

interface Measuring {
  /** Not more often than this. */
  everyMs: number;
  /** A statement that gives name, label and value. */
  sql: string;
  parameters: (now: Date, config: Config) => unknown[];
}

/** How each set is measured. */
export const TURNS: Record<Turn, Measuring> = {
  queues: {
    everyMs: 15_000,
    sql: QUEUES,
    parameters: (now, { CKO_WRITES_PER_SECOND, CKO_READS_PER_SECOND }) => [now, CKO_WRITES_PER_SECOND, CKO_READS_PER_SECOND],
  },
  coherence: { everyMs: 300_000, sql: COHERENCE, parameters: (now) => [now] },
};
