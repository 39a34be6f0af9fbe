import type { DelayRange } from './ports.js';

const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Seeded randomness (sfc32): the same seed gives the same ids, delays and fault draws. */
export class Random {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;

  constructor(seed: string) {
    let hash = 2166136261;
    const absorb = (): number => {
      for (let i = 0; i < seed.length; i += 1) hash = Math.imul(hash ^ seed.charCodeAt(i), 16777619);
      hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
      return (hash ^= hash >>> 13) >>> 0;
    };
    this.a = absorb();
    this.b = absorb();
    this.c = absorb();
    for (let i = 0; i < 12; i += 1) this.uint32();
  }

  uint32(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    this.c |= 0;
    return t >>> 0;
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.uint32() / 4294967296;
  }

  /** A whole number of milliseconds within `range`, both ends included. */
  delay(range: DelayRange): number {
    const [low, high] = range;
    return high <= low ? low : low + Math.floor(this.fraction() * (high - low + 1));
  }

  /** A gateway id: `prefix_` and 26 characters of [a-z2-7]. */
  id(prefix: string): string {
    let id = `${prefix}_`;
    for (let drawn = 0; drawn < 26; ) {
      let bits = this.uint32();
      for (let i = 0; i < 6 && drawn < 26; i += 1, drawn += 1, bits >>>= 5) id += ID_ALPHABET[bits & 31];
    }
    return id;
  }

  /** A request id in the form of a UUID. */
  uuid(): string {
    const hex = [0, 0, 0, 0].map(() => this.uint32().toString(16).padStart(8, '0')).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}
