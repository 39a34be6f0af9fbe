import type { FaultKind, FaultParams, FaultStage, Operation } from './fault.js';

const ANY: readonly Operation[] = ['payment', 'details', 'list', 'actions', 'refund', 'token'];
const READS: readonly Operation[] = ['details', 'list', 'actions'];
const WRITES: readonly Operation[] = ['payment', 'refund'];
const HOUR = 3600;
const DAY = 24 * HOUR;

const request = <P extends FaultParams>(number: number, description: string, operations: readonly Operation[], params: P): FaultKind<P> =>
  ({ number, stage: 'request', description, operations, params });

const later = (stage: FaultStage, usual: readonly Operation[] = []) => <P extends FaultParams>(number: number, description: string, params: P, operations = usual): FaultKind<P> =>
  ({ number, stage, description, operations, params });

const key = later('key', WRITES);
const payment = later('payment', ['payment']);
const refund = later('refund', ['refund']);
const reading = later('reading');
const webhook = later('webhook');

/** Every fault the gateway can show, by name. */
export const FAULTS = {
  response_lost: request(1, 'committed, then the connection is reset or never answered', WRITES, { mode: 'reset' }),
  reset_before_commit: request(2, 'connection reset, nothing committed', WRITES, {}),
  hang_then_accept: request(3, 'committed, the true answer comes only after a long wait', WRITES, { seconds: 60 }),
  hang_then_bad_gateway: request(3, 'a long wait, then 502', WRITES, { seconds: 60, committed: false }),
  server_error_committed: request(4, 'committed, then 502, 503 or 504 with an HTML or empty body', WRITES, { status: 502, body: 'html' }),
  server_error: request(4, '502, 503 or 504 with an HTML or empty body, nothing committed', ANY, { status: 503, body: 'html' }),
  internal_error: request(5, '500, committed or not', ANY, { committed: false }),
  rate_limited: request(6, '429; retry_after 0 sends no Retry-After header', ANY, { retry_after: 0 }),
  key_conflict: request(7, '409 as if the same key were still being processed', WRITES, {}),
  key_conflict_legacy: request(7, '429 "duplicate request detected" for a key in flight, as before 2024', WRITES, {}),
  unauthorized: request(8, '401 with an empty body, as after a key rotation', ANY, {}),
  scope_forbidden: request(9, '403: the key lacks the scope', ANY, {}),
  unprocessable: request(10, '422 with the given error type and codes', WRITES, { error_type: 'request_invalid', error_codes: ['payment_invalid'] }),
  apm_unavailable: request(10, '422 invalid_request, apm_service_unavailable', WRITES, {}),
  truncated_body: request(11, '2xx whose body breaks off', ANY, {}),
  invalid_json: request(11, '2xx whose body is broken JSON', ANY, {}),
  non_json: request(11, '2xx whose body is HTML', ANY, {}),
  empty_body: request(11, '2xx without a body', ANY, {}),
  webhook_before_response: payment(14, 'decided and told by webhook before the POST is answered', {}),
  reads_rate_limited: request(32, '429 while reading', READS, { retry_after: 0 }),
  reads_failing: request(32, '5xx while reading', READS, { status: 503, body: 'empty' }),
  outage: request(35, 'everything answers 503; give it for_seconds or delete it to recover', ANY, { status: 503 }),
  slow_processing: request(0, 'answer lost, processed later; until then invisible and, with holds_key, 409 for its key', WRITES, { seconds: 300, mode: 'reset', holds_key: true }),

  key_expired: key(12, 'the gateway has forgotten the key: the request is carried out again', {}),
  stale_replay: key(13, 'the first, outdated body is replayed even after the life of the key', {}),

  decline: payment(23, 'declined with the given code', { response_code: '20051' }),
  declined_synchronously: payment(24, '201 Declined in the answer itself', { response_code: '41101' }),
  pending_forever: payment(22, 'stays Pending', {}),
  pending_long: payment(22, 'Pending for a long time, then decided', { seconds: HOUR }),
  wallet_revoked: payment(25, 'the customer cancels the agreement just before this charge: declined or 422', { mode: 'decline', response_code: '200R1' }),
  source_before_capture: payment(26, 'how a source is treated before its set-up was captured: accept, decline or refuse', { treatment: 'accept' }),
  setup_abandoned: payment(27, 'the customer closes the pay page: no choice is ever taken', {}),
  setup_canceled: payment(27, 'the customer cancels at the provider', {}),
  late_capture: payment(28, 'captured after it was told as declined, expired or canceled', { seconds: HOUR }),
  payment_returned: payment(29, 'returned by the provider after the capture', { seconds: HOUR }),
  partial_capture: payment(33, 'only a share of the amount is captured', { percent: 50 }),
  retry_scheduled: payment(37, 'Retry Scheduled before the decision', { seconds: 60 }),

  refund_declined: refund(30, 'refund declined after its 202', { response_code: '20006' }),
  refund_slow: refund(30, 'refund result after a long time', { seconds: 2 * DAY }),
  refund_excess: refund(30, 'a refund beyond the balance is accepted', {}),
  refund_unreserved: refund(30, 'open refunds reserve nothing: of two concurrent ones the second is declined later', {}),
  refund_window_closed: refund(30, '403 as after 365 days', {}),

  details_lag: reading(31, 'details, actions and lists show the state before the change', { seconds: 30 }),
  details_not_found: reading(31, '404 for a while after the POST, by reference too', { seconds: 30 }),
  balances_lag: reading(31, 'balances stay as they were before a refund', { seconds: 30 }),
  list_lag: reading(31, 'missing from the list by reference, though found by id', { seconds: 600 }),
  list_empty: reading(31, 'a look-up by reference comes back empty', {}, ['list']),
  details_amount_mismatch: reading(33, 'details show another amount', { difference: 1 }, ['details', 'list']),
  details_currency_mismatch: reading(33, 'details show another currency', { currency: 'USD' }, ['details', 'list']),
  details_unknown_status: reading(20, 'details show a status nobody knows', { status: 'Under Review' }, ['details', 'list']),

  webhook_lost: webhook(15, 'never delivered', {}),
  webhook_duplicated: webhook(16, 'delivered again a little later', { copies: 1, seconds: 2 }),
  webhook_parallel: webhook(16, 'delivered several times at once', { copies: 2 }),
  webhook_other_event_id: webhook(16, 'told a second time under another event id, as by a second workflow', {}),
  webhook_out_of_order: webhook(17, 'held back until a later event of the payment was sent, at most so long', { seconds: 60 }),
  webhook_late: webhook(18, 'delivered hours or days late', { seconds: 30 * HOUR }),
  webhook_bad_signature: webhook(19, 'signature that does not fit', {}),
  webhook_unsigned: webhook(19, 'no signature', {}),
  webhook_modified: webhook(19, 'body changed after it was signed', {}),
  webhook_wrong_authorization: webhook(19, 'another Authorization header', { value: 'wrong' }),
  webhook_other_key: webhook(19, 'signed with another key', { key: 'another_signature_key' }),
  webhook_unknown_type: webhook(20, 'event type nobody knows', { type: 'payment_enriched' }),
  webhook_extra_fields: webhook(20, 'fields nobody knows', {}),
  webhook_other_timestamp: webhook(20, '`created_on` and `timestamp` trade places', {}),
  webhook_missing_fields: webhook(20, 'without reference and metadata', {}),
  webhook_foreign_payment: webhook(21, 'besides, an event about a payment nobody asked for', {}),
  webhook_amount_mismatch: webhook(33, 'another amount', { difference: 1 }),
  webhook_currency_mismatch: webhook(33, 'another currency', { currency: 'USD' }),
  webhook_ack_ignored: webhook(34, 'redelivered as if the acknowledgement had taken over 10 s', { seconds: 10 }),

  clock_skew: later('clock')(36, 'all times in answers and webhooks are off', { seconds: 300 }),
} as const;

export type FaultType = keyof typeof FAULTS;
export type ParamsOf<T extends FaultType> = (typeof FAULTS)[T]['params'];
