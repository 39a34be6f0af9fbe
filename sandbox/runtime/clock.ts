import type { Clock } from './ports.js';

/** Wall-clock time plus an offset that the control API may push forward. */
export class SystemClock implements Clock {
  readonly ticking = true;
  private offset: number;

  constructor(offset = 0) {
    this.offset = offset;
  }

  now(): number {
    return Date.now() + this.offset;
  }

  moveTo(instant: number): void {
    this.offset = Math.max(this.offset, instant - Date.now());
  }

  save(): number {
    return this.offset;
  }

  restore(saved: number): void {
    this.offset = Math.max(this.offset, saved);
  }
}

/** Time that stands still until it is moved. */
export class VirtualClock implements Clock {
  readonly ticking = false;
  private instant: number;

  constructor(start: number) {
    this.instant = start;
  }

  now(): number {
    return this.instant;
  }

  moveTo(instant: number): void {
    this.instant = Math.max(this.instant, instant);
  }

  save(): number {
    return this.instant;
  }

  restore(saved: number): void {
    this.moveTo(saved);
  }
}
