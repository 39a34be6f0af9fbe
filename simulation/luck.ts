import type { Chance } from './chance.js';
import type { Call, RoadFault } from './gateway.road.js';
import { SECOND } from './hours.js';
import type { EngineClass, Swarm } from './swarm.js';

/** Which of the engine's faults strike, and how often they did. */
export class Luck {
  readonly struck = new Map<string, number>();
  /** Nothing strikes any more. */
  healthy = false;
  private readonly calls = new Map<string, number>();

  constructor(
    readonly chance: Chance,
    private readonly rates: Swarm['engine'],
  ) {}

  strikes(name: EngineClass, ...names: (string | number)[]): boolean {
    if (!this.threatens(name, ...names)) return false;
    this.note(name);
    return true;
  }

  /** Whether it is to strike when its moment comes; it counts only then. */
  threatens(name: EngineClass, ...names: (string | number)[]): boolean {
    const rate = this.rates[name];
    return !this.healthy && rate !== undefined && this.chance.happens(rate, name, ...names);
  }

  note(name: EngineClass): void {
    countUp(this.struck, name);
  }

  /** What the road does to a call, by the call's name. */
  readonly roadFault = (call: Call): RoadFault => {
    const nth = countUp(this.calls, call.name);
    if (this.strikes('connection_refused', call.name, nth)) return { refused: true };
    if (this.strikes('late_first_byte', call.name, nth)) return { lateMs: this.chance.whole(60, 4_000, 'late', call.name, nth) * SECOND };
    return {};
  };
}

/** Counts one more and returns how many there are. */
export function countUp(counts: Map<string, number>, name: string): number {
  const times = (counts.get(name) ?? 0) + 1;
  counts.set(name, times);
  return times;
}
