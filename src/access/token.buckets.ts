import { performance } from 'node:perf_hooks';

/** What is left of a budget after somebody has asked for one of it. */
export interface Taken {
  isGranted: boolean;
  /** Whole ones that are left. */
  remaining: number;
  /** Seconds until the next one, 0 when there is one; rounded up. */
  retryAfter: number;
}

/** Names that are remembered at most; the ones that asked longest ago are forgotten first. */
const MOST = 10_000;

/**
 * Budgets that refill by themselves, one per name, in this process alone: what costs less than the request
 * that it guards may not ask the database. The clock is the process's own, which is never set back.
 */
export class TokenBuckets {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(
    private readonly perSecond: number,
    readonly burst: number,
  ) {}

  take(name: string): Taken {
    const now = performance.now();
    const { tokens, at } = this.buckets.get(name) ?? { tokens: this.burst, at: now };
    const saved = Math.min(this.burst, tokens + ((now - at) / 1000) * this.perSecond);
    const isGranted = saved >= 1;
    const left = isGranted ? saved - 1 : saved;
    // Put at the end of the line of those that may be forgotten.
    this.buckets.delete(name);
    this.buckets.set(name, { tokens: left, at: now });
    for (const oldest of this.buckets.keys()) {
      if (this.buckets.size <= MOST) break;
      this.buckets.delete(oldest);
    }
    return { isGranted, remaining: Math.floor(left), retryAfter: left >= 1 ? 0 : Math.ceil((1 - left) / this.perSecond) };
  }
}
