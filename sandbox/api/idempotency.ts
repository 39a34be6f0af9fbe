import { hash } from 'node:crypto';
import type { Context } from '../context.js';
import type { FaultSubject } from '../faults/fault.js';
import type { HttpReply } from '../runtime/ports.js';
import { Refusal, reply } from './replies.js';

const HOUR_MS = 3_600_000;

/** Idempotency per key and path: only 2xx is kept, for the life of a key on the sandbox clock [C]. */
export class IdempotencyKeys {
  private readonly context: Context;
  private readonly inFlight = new Set<string>();

  constructor(context: Context) {
    this.context = context;
  }

  /** The earlier answer to this key, if there is one; throws 409 while the key is being processed. */
  recall(scope: string, requestId: string, requestBody: string, subject: FaultSubject): HttpReply | undefined {
    const { settings, store, faults, clock } = this.context;
    if (this.inFlight.has(scope)) throw conflict(settings.key_conflict_status);
    const stored = store.keys.get(scope);
    if (stored === undefined) return undefined;
    const live = clock.now() - stored.stored_at < settings.key_lifetime_hours * HOUR_MS;
    if (live ? faults.fire('key_expired', subject) !== undefined : faults.fire('stale_replay', subject) === undefined) {
      store.keys.remove(scope);
      return undefined;
    }
    if (settings.key_reuse === 'refuse' && stored.request_hash !== hash('sha1', requestBody)) throw new Refusal(422, 'request_invalid', ['idempotency_key_reused']);
    return reply(requestId, stored.status, stored.body);
  }

  /** Marks the key as being processed until `release`. */
  hold(scope: string): void {
    this.inFlight.add(scope);
  }

  isHeld(scope: string): boolean {
    return this.inFlight.has(scope);
  }

  release(scope: string): void {
    this.inFlight.delete(scope);
  }

  /** Keeps the answer of a success; a refusal is thrown and so leaves the key unused. */
  keep(scope: string, answer: HttpReply, requestBody: string): void {
    const { store, clock } = this.context;
    store.keys.put(scope, { status: answer.status, body: answer.body, request_hash: hash('sha1', requestBody), stored_at: clock.now() });
    this.dropExpired();
  }

  clear(): void {
    this.inFlight.clear();
  }

  // Rows stand in order of storing, so only the oldest need a look.
  private dropExpired(): void {
    const { store, settings, clock } = this.context;
    // Kept twice as long as they live, so that a stale replay has something to tell.
    const limit = clock.now() - 2 * settings.key_lifetime_hours * HOUR_MS;
    for (const [scope, row] of store.keys.rows) {
      if (row.stored_at >= limit) break;
      store.keys.remove(scope);
    }
  }
}

/** The answer to a key that is still being processed: 409 today, 429 before 2024 [C]. */
export function conflict(status: number): Refusal {
  return status === 429
    ? new Refusal(429, 'too_many_requests', ['duplicate_request_detected'])
    : new Refusal(409, 'request_conflict', ['conflict_with_another_request_being_processed']);
}
