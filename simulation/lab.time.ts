import { EngineClock } from '../src/platform/clock/clock.js';

/** A gateway call's own limit (ms), which must cost virtual time. */
const CALL_LIMIT_MS = 30_000;
/** Waits up to this long (ms) only gather company for a set: in a simulation they cost nothing. */
const LINGER_MS = 25;
/** The wait (ms) between two looks for what another sends: counted, not timed, or the seed would not decide what is seen. */
const LOOK_MS = 100;

interface Timer {
  at: number;
  id: number;
  run: () => void;
}

/**
 * The one clock of a simulated world, in epoch ms. It takes the place of the process's monotonic clock and of the
 * timers that measure a gateway call; everything else (the database's driver, say) keeps real time.
 */
export class LabTime extends EngineClock {
  private readonly timers = new Map<number, Timer>();
  private lastId = 0;
  /** Waits that were cut short and have not ended yet. */
  lingering = 0;

  constructor(public at: number) {
    super();
  }

  now(): Promise<Date> {
    return Promise.resolve(new Date(this.at));
  }

  get known(): Date {
    return new Date(this.at);
  }

  /** Takes over this process: there is one world in it, and no other. */
  install(): void {
    const start = this.at;
    performance.now = () => this.at - start;
    const [realSet, realClear] = [globalThis.setTimeout, globalThis.clearTimeout];
    const set = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): unknown => {
      if (ms === CALL_LIMIT_MS) return this.after(ms, () => run(...args));
      if (ms > LINGER_MS && ms !== LOOK_MS) return realSet(run, ms, ...args);
      this.lingering += 1;
      return setImmediate(() => {
        this.lingering -= 1;
        run(...args);
      });
    };
    globalThis.setTimeout = set as typeof setTimeout;
    globalThis.clearTimeout = ((handle: unknown) => {
      if (typeof handle !== 'number') realClear(handle as NodeJS.Timeout);
      else this.timers.delete(handle);
    });
  }

  /** Runs something when that much virtual time has passed. */
  after(ms: number, run: () => void): number {
    const id = (this.lastId += 1);
    this.timers.set(id, { at: this.at + ms, id, run });
    return id;
  }

  nextTimerAt(): number {
    let next = Infinity;
    for (const { at } of this.timers.values()) next = Math.min(next, at);
    return next;
  }

  /** Goes to that instant and runs the timers that are due there, in order. */
  moveTo(instant: number): void {
    this.at = Math.max(this.at, instant);
    const due = [...this.timers.values()].filter(({ at }) => at <= this.at).sort((a, b) => a.at - b.at || a.id - b.id);
    for (const { id } of due) this.timers.delete(id);
    for (const { run } of due) run();
  }
}
