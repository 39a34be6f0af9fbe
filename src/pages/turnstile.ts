const MINUTE_MS = 60_000;

/** Lets each one through so many times a minute, by this process's own clock. */
export class Turnstile {
  private counts = new Map<string, number>();
  private since = 0;

  constructor(private readonly perMinute: number) {}

  lets(who: string): boolean {
    const now = performance.now();
    if (now - this.since >= MINUTE_MS) {
      this.counts = new Map();
      this.since = now;
    }
    const count = (this.counts.get(who) ?? 0) + 1;
    this.counts.set(who, count);
    return count <= this.perMinute;
  }
}
