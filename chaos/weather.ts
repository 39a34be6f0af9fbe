import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from './dice.js';
import type { Engine } from './engine.js';
import { type Proxy, TROUBLES } from './proxy.js';
import type { World } from './world.js';

/** Beyond the lease of a charge (ms): whoever slept so long is not the one who decides any more. */
const PAST_LEASE_MS = 125_000;
const BETWEEN_CRASHES_MS = 6_000;

export interface WeatherReport {
  kills: number;
  databaseCrashes: number;
  terminations: number;
  pauses: number;
  networkFaults: number;
}

interface Sky {
  dice: Dice;
  engines: readonly Engine[];
  database: { crash(): Promise<void> };
  world: World;
  gateway: Proxy;
  databaseProxy: Proxy;
}

/** Misfortune by chance: processes die and sleep, the database crashes, the network fails. */
export class Weather {
  private readonly counts: WeatherReport = { kills: 0, databaseCrashes: 0, terminations: 0, pauses: 0, networkFaults: 0 };
  private over = false;
  private crashesFrom = 0;

  constructor(private readonly sky: Sky) {}

  /** Blows until it is ended: over the network, and over everything else, at the same time. */
  async blow(): Promise<void> {
    await Promise.all([
      this.strikeOn([[1, () => this.disturb()]]),
      this.strikeOn([[6, () => this.kill()], [1, () => this.crash()], [3, () => this.terminate()], [3, () => this.pause()]]),
    ]);
  }

  private async strikeOn(misfortunes: [weight: number, strike: () => Promise<void>][]): Promise<void> {
    const { dice } = this.sky;
    const lots = misfortunes.flatMap(([weight, strike]) => Array.from({ length: weight }, () => strike));
    while (!this.over) {
      await dice.pick(lots)().catch(() => undefined);
      await sleep(50 + dice.below(500));
    }
  }

  end(): void {
    this.over = true;
  }

  report(): WeatherReport {
    return { ...this.counts };
  }

  inShort(): string {
    const { kills, databaseCrashes, terminations, pauses } = this.counts;
    return `${kills} kills, ${databaseCrashes} crashes of PostgreSQL, ${terminations} terminations, ${pauses} pauses`;
  }

  private async kill(): Promise<void> {
    const serving = this.sky.engines.filter((engine) => engine.isServing);
    // One of them goes on, or nothing would be left to be disturbed.
    if (serving.length < 2) return;
    this.sky.dice.pick(serving).kill();
    this.counts.kills += 1;
  }

  private async crash(): Promise<void> {
    // It may come only when engines have got up from the last one.
    if (!this.sky.engines.some((engine) => engine.isServing) || Date.now() < this.crashesFrom) return;
    await this.sky.database.crash();
    this.crashesFrom = Date.now() + BETWEEN_CRASHES_MS;
    this.counts.databaseCrashes += 1;
  }

  private async terminate(): Promise<void> {
    const all = this.sky.dice.below(2) === 0;
    const rows = await this.sky.world.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'zhouqi' and ($1 or pid % 3 = $2)`,
      [all, this.sky.dice.below(3)],
    );
    this.counts.terminations += rows.length;
  }

  /** While one sleeps the clock goes past its leases; it wakes up and believes that they are its own. */
  private async pause(): Promise<void> {
    const { dice, engines, world } = this.sky;
    const engine = dice.pick(engines.filter(({ isServing }) => isServing));
    if (!engine) return;
    const sleeping = engine.pause(500 + dice.below(2_500));
    try {
      await world.jumpTo(new Date((await world.now()).getTime() + PAST_LEASE_MS));
      this.counts.pauses += 1;
    } finally {
      await sleeping;
    }
  }

  private async disturb(): Promise<void> {
    const { dice, gateway, databaseProxy } = this.sky;
    const proxy = dice.pick([gateway, gateway, databaseProxy]);
    const ms = 100 + dice.below(1_500);
    proxy.strike(dice.pick(TROUBLES), ms, 50 + dice.below(1_000));
    await sleep(ms);
    // The gateway's connections stay as they are, for the engine to find out; the database's are told.
    if (proxy === databaseProxy || dice.below(2) === 0) proxy.calm();
  }
}
