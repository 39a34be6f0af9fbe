/** A draw by name: the same seed and the same names give the same number, whatever was drawn before. */
export class Chance {
  constructor(private readonly seed: string) {}

  /** A number in [0, 1). */
  draw(...names: (string | number)[]): number {
    return fold(`${this.seed}/${names.join('/')}`);
  }

  happens(probability: number, ...names: (string | number)[]): boolean {
    return this.draw(...names) < probability;
  }

  /** A whole number, both ends included. */
  whole(low: number, high: number, ...names: (string | number)[]): number {
    return low + Math.floor(this.draw(...names) * (high - low + 1));
  }

  pick<T>(choices: readonly T[], ...names: (string | number)[]): T {
    return choices[this.whole(0, choices.length - 1, ...names)] as T;
  }

  shuffled<T>(items: readonly T[], ...names: (string | number)[]): T[] {
    return items
      .map((item, i) => ({ item, rank: this.draw(...names, i) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ item }) => item);
  }
}

/** 53 bits of the text, spread over [0, 1). */
function fold(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return ((b & 0x1fffff) * 4294967296 + (a >>> 0)) / 9007199254740992;
}
