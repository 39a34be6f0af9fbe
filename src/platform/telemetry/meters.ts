import { Counter, Histogram, Registry } from 'prom-client';
import { DECLINE_CLASSES } from '../../domain/decline.js';

/**
 * What this process has seen since it started. Every process counts for itself and from 0, as Prometheus expects:
 * `sum(increase(…))` adds them up over replicas and restarts. What must not be lost is in rows, not here.
 */
export const processMeters = new Registry();

const registers = [processMeters];
// Wherever the values of labels are few they are shown as 0 before the first, so that the first is seen as a rise.

export const httpRequests = new Counter({
  name: 'zhouqi_http_requests_total',
  help: 'Requests, by their route as it is declared and the status they were answered with ("aborted": the caller hung up)',
  labelNames: ['method', 'route', 'status'],
  registers,
});

export const httpDuration = new Histogram({
  name: 'zhouqi_http_request_duration_seconds',
  help: 'From the head of a request to the end of its answer',
  labelNames: ['method', 'route'],
  buckets: [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30],
  registers,
});

export const gatewayDuration = new Histogram({
  name: 'zhouqi_gateway_request_duration_seconds',
  help: 'Calls to the gateway, by what was asked and what came of it',
  labelNames: ['operation', 'outcome'],
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers,
});
const ANSWERS = ['accepted', 'refused', 'unknown', 'not_connected', 'unauthorized', 'forbidden', 'rate_limited', 'unavailable', 'too_late'];
for (const operation of ['pay', 'refund']) for (const outcome of ANSWERS) gatewayDuration.zero({ operation, outcome });

export const chargeOutcomes = new Counter({
  name: 'zhouqi_charge_outcomes_total',
  help: 'What became of charges; declined ones (refused requests among them) by class; unknown and not_taken may be followed by another outcome',
  labelNames: ['outcome', 'class'],
  registers,
});
for (const outcome of ['captured', 'expired', 'canceled', 'absent', 'unknown', 'not_taken']) chargeOutcomes.inc({ outcome, class: '' }, 0);
for (const declined of DECLINE_CLASSES) chargeOutcomes.inc({ outcome: 'declined', class: declined }, 0);

export const gatewayEvents = new Counter({
  name: 'zhouqi_gateway_events_received_total',
  help: 'Webhooks of the gateway: stored, refused (their signature does not fit), or failed (answered 503, and sent again)',
  labelNames: ['result'],
  registers,
});
for (const result of ['stored', 'refused', 'failed']) gatewayEvents.inc({ result }, 0);

export const gatewayEventLag = new Histogram({
  name: 'zhouqi_gateway_event_lag_seconds',
  help: 'From the storing of a webhook until it was worked through',
  buckets: [0.1, 0.5, 1, 5, 30, 120, 600, 3_600],
  registers,
});

export const deliveryDuration = new Histogram({
  name: 'zhouqi_webhook_delivery_duration_seconds',
  help: 'Tries to deliver an event to a merchant’s endpoint, by whether it was taken',
  labelNames: ['result'],
  buckets: [0.05, 0.25, 1, 5, 15],
  registers,
});
for (const result of ['delivered', 'failed']) deliveryDuration.zero({ result });

export const budgetCalls = new Counter({
  name: 'zhouqi_rate_budget_calls_total',
  help: 'Calls that were wanted of the gateway: granted by the rate budget, or held back for later',
  labelNames: ['budget', 'result'],
  registers,
});
for (const budget of ['writes', 'reads']) for (const result of ['granted', 'held']) budgetCalls.inc({ budget, result }, 0);

export const timerFailures = new Counter({
  name: 'zhouqi_timer_failures_total',
  help: 'Sets of work that ended in an error; what was due stays due',
  labelNames: ['timer'],
  registers,
});
