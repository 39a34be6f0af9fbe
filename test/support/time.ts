import { EngineClock } from '../../src/platform/clock/clock.js';

/** The engine's clock under a test's control: it stands still until the test moves it. */
export class ControlledClock extends EngineClock {
  constructor(private instant: number) {
    super();
  }

  now(): Promise<Date> {
    return Promise.resolve(new Date(this.instant));
  }

  get known(): Date {
    return new Date(this.instant);
  }

  get at(): number {
    return this.instant;
  }

  moveTo(instant: number): void {
    this.instant = Math.max(this.instant, instant);
  }
}
