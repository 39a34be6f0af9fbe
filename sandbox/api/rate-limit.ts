import type { Context } from '../context.js';
import { Refusal } from './replies.js';

/** A bucket each for reads and writes, as the account-wide limits are [C: nominally 100 a second]. */
export class RateLimit {
  private readonly context: Context;
  private readonly buckets = { read: { tokens: 0, at: -Infinity }, write: { tokens: 0, at: -Infinity } };

  constructor(context: Context) {
    this.context = context;
  }

  /** Throws 429 when the second's allowance is used up. */
  take(kind: 'read' | 'write'): void {
    const limit = this.context.settings.rate_limit_per_second;
    if (limit === 0) return;
    const now = this.context.clock.now();
    const bucket = this.buckets[kind];
    bucket.tokens = Math.min(limit, bucket.tokens + ((now - bucket.at) / 1000) * limit);
    bucket.at = now;
    if (bucket.tokens < 1) throw new Refusal(429, 'too_many_requests', ['api_calls_quota_exceeded']);
    bucket.tokens -= 1;
  }
}
