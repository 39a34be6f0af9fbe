import { conflict } from '../api/idempotency.js';
import { htmlError, refusal, reply } from '../api/replies.js';
import type { HttpReply, Reply } from '../runtime/ports.js';
import type { FaultType, ParamsOf } from './catalogue.js';
import type { FaultParams } from './fault.js';
import type { ArmedFault } from './registry.js';

/** What a request fault does instead of the plain way of answering. */
export interface Intervention {
  /** Whether the request is carried out: now, never, or that many ms later. */
  commit: boolean | number;
  /** Keeps the answer back that long; its key stays in flight meanwhile. */
  hold_ms?: number;
  /** Keeps the key in flight until a late commit. */
  holds_key?: boolean;
  /** The answer; `truth` is that of the request when it was carried out. */
  answer: (requestId: string, truth: HttpReply | undefined) => Reply;
}

type Making<P> = (params: P) => Intervention;

const lost = (mode: string): Reply => (mode === 'hang' ? { fault: 'hang' } : { fault: 'reset' });

const failure = (requestId: string, status: number, body: string): HttpReply => (body === 'html' ? htmlError(requestId, status) : reply(requestId, status));

const tooMany = (requestId: string, retryAfter: number): HttpReply => {
  const answer = refusal(requestId, 429, 'too_many_requests', ['api_calls_quota_exceeded']);
  if (retryAfter > 0) answer.headers['Retry-After'] = String(retryAfter);
  return answer;
};

/** Spoils the body of a success; a refusal goes out as it is. */
const spoiling = (spoil: (truth: HttpReply) => Reply): Intervention => ({
  commit: true,
  answer: (_requestId, truth) => (truth!.status < 300 ? spoil(truth!) : truth!),
});

const refusing = (answer: (requestId: string) => HttpReply): Intervention => ({ commit: false, answer });

const INTERVENTIONS: { [T in FaultType]?: Making<ParamsOf<T>> } = {
  response_lost: ({ mode }) => ({ commit: true, answer: () => lost(mode) }),
  reset_before_commit: () => ({ commit: false, answer: () => ({ fault: 'reset' }) }),
  hang_then_accept: ({ seconds }) => ({ commit: true, hold_ms: seconds * 1000, answer: (_requestId, truth) => truth! }),
  hang_then_bad_gateway: ({ seconds, committed }) => ({ commit: committed, hold_ms: seconds * 1000, answer: (requestId) => failure(requestId, 502, 'html') }),
  server_error_committed: ({ status, body }) => ({ commit: true, answer: (requestId) => failure(requestId, status, body) }),
  server_error: ({ status, body }) => refusing((requestId) => failure(requestId, status, body)),
  internal_error: ({ committed }) => ({ commit: committed, answer: (requestId) => failure(requestId, 500, 'empty') }),
  rate_limited: ({ retry_after: after }) => refusing((requestId) => tooMany(requestId, after)),
  key_conflict: () => refusing((requestId) => asReply(requestId, 409)),
  key_conflict_legacy: () => refusing((requestId) => asReply(requestId, 429)),
  unauthorized: () => refusing((requestId) => reply(requestId, 401)),
  scope_forbidden: () => refusing((requestId) => refusal(requestId, 403, 'action_not_allowed', ['insufficient_scope'])),
  unprocessable: ({ error_type: type, error_codes: codes }) => refusing((requestId) => refusal(requestId, 422, type, codes)),
  apm_unavailable: () => refusing((requestId) => refusal(requestId, 422, 'invalid_request', ['apm_service_unavailable'])),
  truncated_body: () => spoiling((truth) => ({ fault: 'truncate', reply: truth })),
  invalid_json: () => spoiling((truth) => ({ ...truth, body: `${truth.body.slice(0, -1)},}` })),
  non_json: () => spoiling((truth) => ({ ...htmlError(truth.headers['Cko-Request-Id']!, truth.status) })),
  empty_body: () => spoiling((truth) => ({ ...truth, body: '' })),
  reads_rate_limited: ({ retry_after: after }) => refusing((requestId) => tooMany(requestId, after)),
  reads_failing: ({ status, body }) => refusing((requestId) => failure(requestId, status, body)),
  outage: ({ status }) => refusing((requestId) => failure(requestId, status, 'html')),
  slow_processing: ({ seconds, mode, holds_key: holds }) => ({ commit: seconds * 1000, holds_key: holds, answer: () => lost(mode) }),
};

/** What a request fault that struck does. */
export function interventionOf(fault: ArmedFault): Intervention {
  return (INTERVENTIONS[fault.type] as Making<FaultParams>)(fault.params);
}

function asReply(requestId: string, status: number): HttpReply {
  const { status: code, errorType, errorCodes } = conflict(status);
  return refusal(requestId, code, errorType, errorCodes);
}
