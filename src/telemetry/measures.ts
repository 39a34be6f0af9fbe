/** A set of figures that is measured at once. */
export type Turn = 'queues' | 'coherence';

interface Measure {
  name: string;
  help: string;
  /** What tells its figures apart, and the values that are shown even where there is nothing to count. */
  label?: { name: string; values: readonly string[] };
}

const STATUSES = { name: 'status', values: ['created', 'sending', 'pending', 'unknown'] };

/** What /metrics shows, besides the process itself. Ages in seconds, on the engine's clock. */
export const MEASURES: readonly Measure[] = [
  {
    name: 'zhouqi_coherence_rows',
    help: 'Rows that contradict each other, or that nobody works on; anything above 0 needs a human',
    label: { name: 'kind', values: ['missing_period', 'paid_twice', 'unbalanced', 'unbooked', 'orphan', 'stuck', 'unverified', 'unnoticed'] },
  },
  {
    name: 'zhouqi_parked_rows',
    help: 'Rows set aside until a human has seen to them (GET /v1/parked)',
    label: { name: 'kind', values: ['subscription', 'charge', 'refund', 'gateway_event', 'orphan', 'difference', 'decline'] },
  },
  { name: 'zhouqi_charges_open', help: 'Charges in which money may still move', label: STATUSES },
  { name: 'zhouqi_charges_open_oldest_age_seconds', help: 'Time since the oldest of them was sent, or was due to be', label: STATUSES },
  { name: 'zhouqi_charges_to_compare', help: 'Charges of 14 days that are due to be compared with the gateway' },
  { name: 'zhouqi_subscriptions_due', help: 'Subscriptions whose time has come and that nobody has worked on yet' },
  { name: 'zhouqi_subscriptions_due_oldest_age_seconds', help: 'How long the oldest of them has been due' },
  { name: 'zhouqi_messages_waiting', help: 'Messages to customers that are due and not sent' },
  { name: 'zhouqi_messages_waiting_oldest_age_seconds', help: 'How long the oldest of them has been due' },
  { name: 'zhouqi_messages_failed', help: 'Messages of the last day that could not be delivered (GET /v1/messages?status=failed)' },
  {
    name: 'zhouqi_dunning_subscriptions',
    help: 'Past-due subscriptions, by who must act: time (the next try), the customer, or the operator',
    label: { name: 'waits_for', values: ['time', 'customer', 'operator'] },
  },
  { name: 'zhouqi_gateway_events_waiting', help: 'Stored webhooks that are not worked through' },
  { name: 'zhouqi_webhook_deliveries', help: 'Deliveries to merchants that were not taken yet', label: { name: 'state', values: ['waiting', 'failing', 'parked'] } },
  { name: 'zhouqi_webhook_deliveries_oldest_age_seconds', help: 'How long the oldest that nobody has given up has been due' },
  { name: 'zhouqi_webhook_endpoints_failing', help: 'Endpoints that take nothing any more, or were disabled for it' },
  { name: 'zhouqi_gateway_circuit', help: '1 for the state that the gateway’s circuit is in', label: { name: 'state', values: ['closed', 'open', 'ramping'] } },
  { name: 'zhouqi_quarantine', help: '1 while nothing is charged because the database was restored' },
  { name: 'zhouqi_measured_timestamp_seconds', help: 'When these figures were measured', label: { name: 'turn', values: ['queues', 'coherence'] } },
];

const QUEUES = `
  with open_charges as (
    select status, count(*) as charges, min(coalesce(first_sent_at, next_check_at)) as oldest
      from charges where status = 'created' and parked_at is null group by status
    union all
    select status, count(*), min(coalesce(first_sent_at, next_check_at))
      from charges where status in ('sending', 'pending', 'unknown') and parked_at is null group by status
  ), due as (
    select count(*) as subscriptions, min(due_at) as oldest
      from subscriptions where due_at <= $1 and due_at is not null and parked_at is null and test_clock is null
  ), waiting as (
    select count(*) as messages, min(next_attempt_at) as oldest from messages where status = 'pending' and next_attempt_at <= $1
  )
  select 'zhouqi_parked_rows' as name, kind as label, count(*)::float8 as value from parked_rows where released_at is null group by kind
  union all select 'zhouqi_charges_open', status, charges from open_charges
  union all select 'zhouqi_charges_open_oldest_age_seconds', status, greatest(0, extract(epoch from $1 - oldest)) from open_charges
  union all select 'zhouqi_charges_to_compare', '', count(*)
              from charges
             where status not in ('created', 'sending', 'pending', 'unknown') and next_check_at <= $1 and parked_at is null
  union all select 'zhouqi_subscriptions_due', '', subscriptions from due
  union all select 'zhouqi_subscriptions_due_oldest_age_seconds', '', coalesce(extract(epoch from $1 - oldest), 0) from due
  union all select 'zhouqi_messages_waiting', '', messages from waiting
  union all select 'zhouqi_messages_waiting_oldest_age_seconds', '', coalesce(extract(epoch from $1 - oldest), 0) from waiting
  union all select 'zhouqi_messages_failed', '', count(*) from messages where status = 'failed' and updated_at > $1 - interval '1 day'
  union all select 'zhouqi_dunning_subscriptions', waits_for, count(*)
              from (select case when dunning_ends_at is null then 'time' when past_due_class = 'configuration' then 'operator'
                                else 'customer' end as waits_for
                      from subscriptions where status = 'past_due') dunned
             group by waits_for
  union all select 'zhouqi_gateway_events_waiting', '', count(*) from gateway_events where next_attempt_at is not null
  union all select 'zhouqi_webhook_deliveries', state, count(*)
              from (select case when error is null then 'waiting' else 'failing' end as state from webhook_deliveries where status = 'pending'
                    union all select 'parked' from webhook_deliveries where status = 'parked') d group by state
  union all select 'zhouqi_webhook_deliveries_oldest_age_seconds', '', coalesce(greatest(0, extract(epoch from $1 - min(queued_at))), 0)
              from webhook_deliveries where status = 'pending'
  union all select 'zhouqi_webhook_endpoints_failing', '', count(*)
              from webhook_endpoints where deleted_at is null and (failing_since is not null or disabled_at is not null)
  union all select 'zhouqi_gateway_circuit', state, 1 from gateway_circuit
  union all select 'zhouqi_quarantine', '', count(*) from engine_state where quarantined_at is not null`;

const COHERENCE = `select 'zhouqi_coherence_rows' as name, kind as label, count(*)::float8 as value from coherence($1) group by kind`;

/** How each set is measured: statements of now ($1) that give name, label and value; not more often than `everyMs`. */
export const TURNS: Record<Turn, { everyMs: number; sql: string }> = {
  queues: { everyMs: 15_000, sql: QUEUES },
  coherence: { everyMs: 300_000, sql: COHERENCE },
};
