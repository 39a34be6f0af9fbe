import type { Clock } from './ports.js';

/** What the pump drives. */
export interface Pumped {
  nextDueAt(): number | undefined;
  /** Runs everything due by now. */
  runDue(): void;
  onDueAdded(listener: (at: number) => void): void;
}

// setTimeout takes 31 bits of milliseconds; a longer wait is simply looked at again.
const LONGEST_WAIT_MS = 60 * 60 * 1000;

/** Drives the queue in real time with one timer, whatever the number of waiting events. */
export class Pump {
  private readonly pumped: Pumped;
  private readonly clock: Clock;
  private timer: NodeJS.Timeout | undefined;
  private wakeAt = Infinity;
  private immediate: NodeJS.Immediate | undefined;
  private stopped = false;

  constructor(pumped: Pumped, clock: Clock) {
    this.pumped = pumped;
    this.clock = clock;
    pumped.onDueAdded((at) => this.consider(at));
    this.rearm();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
  }

  /** Looks at the queue again, for instance after the clock was moved. */
  rearm(): void {
    const next = this.pumped.nextDueAt();
    if (next !== undefined) this.consider(next);
  }

  private consider(at: number): void {
    if (this.stopped || this.immediate !== undefined) return;
    const wait = at - this.clock.now();
    if (wait <= 0) {
      this.immediate = setImmediate(() => this.run());
    } else if (this.clock.ticking && at < this.wakeAt) {
      this.wakeAt = at;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.run(), Math.min(Math.ceil(wait), LONGEST_WAIT_MS));
    }
  }

  private run(): void {
    this.immediate = undefined;
    clearTimeout(this.timer);
    this.wakeAt = Infinity;
    this.pumped.runDue();
    this.rearm();
  }
}
