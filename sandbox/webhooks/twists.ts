import type { Context } from '../context.js';
import type { FaultParams } from '../faults/fault.js';
import type { ArmedFault } from '../faults/registry.js';
import type { FaultType, ParamsOf } from '../faults/catalogue.js';
import type { Json } from '../payments/views.js';
import type { DeliveryTwist } from './model.js';

/** How an event will be delivered; faults bend it before it goes out. */
export interface DeliveryPlan {
  /** The event as it stands in the list of events. */
  event: Json;
  /** Delivered at all. */
  lost: boolean;
  /** Waits for a later event of the payment, at most this many ms. */
  hold_ms?: number;
  delay_ms: number;
  /** Further series beside the first: when, relative to it, and whether under another event id. */
  copies: { after_ms: number; other_id?: boolean }[];
  /** Events to send besides, about other payments. */
  besides: Json[];
  twist: DeliveryTwist;
}

type Twist<P> = (plan: DeliveryPlan, params: P, context: Context) => void;

const data = (plan: DeliveryPlan): Json => plan.event['data'] as Json;

/** What each webhook fault does to the plan. */
const TWISTS: { [T in FaultType]?: Twist<ParamsOf<T>> } = {
  webhook_lost: (plan) => (plan.lost = true),
  webhook_duplicated: (plan, { copies, seconds }) => plan.copies.push(...repeat(copies, (n) => ({ after_ms: n * seconds * 1000 }))),
  webhook_parallel: (plan, { copies }) => plan.copies.push(...repeat(copies, () => ({ after_ms: 0 }))),
  webhook_other_event_id: (plan) => plan.copies.push({ after_ms: 0, other_id: true }),
  webhook_out_of_order: (plan, { seconds }) => (plan.hold_ms = seconds * 1000),
  webhook_late: (plan, { seconds }) => (plan.delay_ms += seconds * 1000),
  webhook_bad_signature: (plan) => (plan.twist.signature = 'broken'),
  webhook_unsigned: (plan) => (plan.twist.signature = 'none'),
  webhook_modified: (plan) => (plan.twist.body = JSON.stringify({ ...plan.event, data: { ...data(plan), amount: Number(data(plan)['amount']) + 1 } })),
  webhook_wrong_authorization: (plan, { value }) => (plan.twist.authorization = value),
  webhook_other_key: (plan, { key }) => (plan.twist.key = key),
  webhook_unknown_type: (plan, { type }) => (plan.event['type'] = type),
  webhook_extra_fields: (plan) => Object.assign(plan.event, { schema: 'v9', enrichment: { score: [1, null, { deep: true }] }, data: { ...data(plan), loyalty: { points: 7 } } }),
  webhook_other_timestamp: (plan) => swapTimes(plan.event),
  webhook_missing_fields: (plan) => {
    delete data(plan)['reference'];
    delete data(plan)['metadata'];
  },
  webhook_foreign_payment: (plan, _params, { random }) => plan.besides.push({ ...plan.event, id: random.id('evt'), data: { ...data(plan), id: random.id('pay'), action_id: random.id('act') } }),
  webhook_amount_mismatch: (plan, { difference }) => (data(plan)['amount'] = Number(data(plan)['amount']) + difference),
  webhook_currency_mismatch: (plan, { currency }) => (data(plan)['currency'] = currency),
  webhook_ack_ignored: (plan, { seconds }) => (plan.twist.repeat_seconds = seconds),
};

/** Applies the faults that struck, in the order they were switched on. */
export function bend(plan: DeliveryPlan, struck: readonly ArmedFault[], context: Context): void {
  for (const fault of struck) (TWISTS[fault.type] as Twist<FaultParams> | undefined)?.(plan, fault.params, context);
}

function repeat<T>(times: number, make: (n: number) => T): T[] {
  return Array.from({ length: times }, (_, index) => make(index + 1));
}

function swapTimes(event: Json): void {
  const { timestamp, created_on: createdOn } = event;
  delete event['timestamp'];
  delete event['created_on'];
  if (timestamp === undefined) event['timestamp'] = createdOn;
  else event['created_on'] = timestamp;
}
