/** A set of figures that is measured at once. */
export type Turn = 'queues' | 'coherence';

interface Label {
  name: string;
  /** The values that are shown even where there is nothing to count. */
  values: readonly string[];
}

export interface Measure {
  name: string;
  help: string;
  /** What tells its figures apart: one label, or two whose values are joined by a space. */
  labels?: readonly Label[];
}

const OPEN = ['created', 'sending', 'pending', 'unknown'];
const STATUS: Label = { name: 'status', values: OPEN };
const AGE: Label = { name: 'age', values: ['under_5m', 'under_1h', 'under_1d', 'under_3d', 'older'] };
const TIMER: Label = { name: 'timer', values: ['live', 'send', 'look_up', 'verify', 'refund', 'gateway_events', 'messages', 'webhooks'] };
const COHERENCE_KINDS = ['missing_period', 'paid_twice', 'unbalanced', 'unbooked', 'orphan', 'stuck', 'unverified', 'unnoticed'];
const PARKED_KINDS = ['subscription', 'charge', 'refund', 'gateway_event', 'orphan', 'difference', 'decline'];

/** What rows say, the same whichever process is asked. Ages in seconds, on the engine's clock. */
export const MEASURES: readonly Measure[] = [
  {
    name: 'zhouqi_coherence_rows',
    help: 'Rows that contradict each other, or that nobody works on; anything above 0 needs a human',
    labels: [{ name: 'kind', values: COHERENCE_KINDS }],
  },
  {
    name: 'zhouqi_parked_rows',
    help: 'Rows set aside until a human has seen to them (GET /v1/parked)',
    labels: [{ name: 'kind', values: PARKED_KINDS }],
  },
  { name: 'zhouqi_due_rows', help: 'Rows whose time has come, by the timer that works on them; their backlog', labels: [TIMER] },
  { name: 'zhouqi_due_oldest_age_seconds', help: 'How long the oldest of them has been due', labels: [TIMER] },
  { name: 'zhouqi_charges_open', help: 'Charges in which money may still move, by the time since they were first sent, or due to be', labels: [STATUS, AGE] },
  { name: 'zhouqi_charges_open_oldest_age_seconds', help: 'The longest such time', labels: [STATUS] },
  { name: 'zhouqi_refunds_open', help: 'Refunds that are not settled', labels: [STATUS] },
  { name: 'zhouqi_refunds_open_oldest_age_seconds', help: 'Time since the oldest of them was made', labels: [STATUS] },
  { name: 'zhouqi_messages_failed', help: 'Messages of the last day that could not be delivered (GET /v1/messages?status=failed)' },
  {
    name: 'zhouqi_dunning_subscriptions',
    help: 'Past-due subscriptions, by who must act: time (the next try), the customer, or the operator',
    labels: [{ name: 'waits_for', values: ['time', 'customer', 'operator'] }],
  },
  { name: 'zhouqi_gateway_events_waiting', help: 'Stored webhooks that are not worked through, also those that wait for another try' },
  { name: 'zhouqi_gateway_events_waiting_oldest_age_seconds', help: 'Time since the oldest of them came' },
  {
    name: 'zhouqi_webhook_deliveries',
    help: 'Deliveries to merchants that were not taken yet',
    labels: [{ name: 'state', values: ['waiting', 'failing', 'parked'] }],
  },
  { name: 'zhouqi_webhook_deliveries_oldest_age_seconds', help: 'How long the oldest that nobody has given up has been due' },
  {
    name: 'zhouqi_webhook_endpoints',
    help: 'Endpoints: well, failing (they take nothing any more), disabled for that, or switched off by their owner',
    labels: [{ name: 'state', values: ['well', 'failing', 'disabled', 'inactive'] }],
  },
  {
    name: 'zhouqi_gateway_circuit',
    help: '1 for the state that the gateway’s circuit is in',
    labels: [{ name: 'state', values: ['closed', 'open', 'ramping'] }],
  },
  {
    name: 'zhouqi_rate_budget_left',
    help: 'Calls that may go to the gateway at once; a second’s worth when none were made',
    labels: [{ name: 'budget', values: ['writes', 'reads'] }],
  },
  { name: 'zhouqi_quarantine', help: '1 while nothing is charged because the database was restored' },
  {
    name: 'zhouqi_measured_timestamp_seconds',
    help: 'When these figures were measured; one that stands still means that no worker works',
    labels: [{ name: 'turn', values: ['queues', 'coherence'] }],
  },
];
