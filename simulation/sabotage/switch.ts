import type { Climate } from '../climates.js';

/** Text that stands exactly once in a source file, and what stands there instead. */
export interface Patch {
  file: string;
  find: string;
  put: string;
}

/** What must notice that the protection is gone. */
export type Watch =
  /** A simulation in this weather. */
  | { climate: Climate; seed?: number }
  /** A test file that must fail, or those of its tests whose names hold this. */
  | { test: string; named?: string };

/** One protection taken out. */
export interface Switch {
  name: string;
  removes: string;
  patches: readonly Patch[];
  watch: Watch;
  /** Another layer does the same work, so that this one alone is not missed: which, and where the pair stands. */
  covered?: string;
}

export const at = (file: string, find: string, put: string): Patch => ({ file, find, put });
