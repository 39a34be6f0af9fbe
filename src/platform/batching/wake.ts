import { Injectable } from '@nestjs/common';

/** What can be woken: the timers' names. */
export type WakeTarget = 'live' | 'send' | 'clear' | 'refund' | 'heartbeat' | 'quarantine' | 'measure' | 'verify' | 'orphans' | 'look_up' | 'gateway_events' | 'test_clocks' | 'messages' | 'webhooks' | 'webhook_upkeep' | 'idempotency';

/**
 * Tells a timer that there is work for it now, so that nobody waits for the next tick. Only a hint: the due
 * row is the truth, and a wake that is lost (another process, a crash) costs one tick.
 */
@Injectable()
export class Wake {
  private readonly listeners = new Map<WakeTarget, () => void>();

  on(target: WakeTarget, listener: () => void): void {
    this.listeners.set(target, listener);
  }

  /** Whether the timer runs in this process at all. */
  reaches(target: WakeTarget): boolean {
    return this.listeners.has(target);
  }

  now(...targets: WakeTarget[]): void {
    for (const target of targets) this.listeners.get(target)?.();
  }
}
