import type { Server } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DataSource } from 'typeorm';
import { ApiKeys } from '../src/access/api.keys.js';
import { Continuity } from '../src/continuity/continuity.js';
import { type Config, loadConfig } from '../src/platform/config/config.js';
import { Wake, type WakeTarget } from '../src/platform/batching/wake.js';
import { Outbound } from '../src/platform/http/outbound.js';
import { type Timer, Timers } from '../src/scheduler/timers.js';
import { createApp } from '../src/startup/app.js';
import { type CommitFate, Connections, type Owner } from './connections.js';
import type { GatewayRoad, Traveller } from './gateway.road.js';
import type { LabTime } from './lab.time.js';
import type { QueryGate } from './query.gate.js';

export const API_KEY = 'zq_simulation_key_0123456789';
export const SECRET_KEY = `sk_sbox_${'s'.repeat(27)}`;
export const WEBHOOK_KEY = 'the-webhook-key-of-the-simulation';
export const WEBHOOK_AUTHORIZATION = 'Basic c2ltdWxhdGlvbg==';
/** Times end far from what a machine needs, so that only virtual time decides. */
const PLENTY = '1000000';

/** A fate that waits for a commit: the n-th about a table (null is any), counted from when it was laid. */
export interface Doom {
  fate: CommitFate;
  table: string | null;
  after: number;
  /** Told when it struck. */
  struck: () => void;
}

export interface Surroundings {
  time: LabTime;
  gate: QueryGate;
  road: GatewayRoad;
  databaseUrl: string;
}

export function configOf(databaseUrl: string): Config {
  return loadConfig({
    DATABASE_URL: databaseUrl,
    DATABASE_POOL: '8',
    ZHOUQI_SECRET: 'the-installation-secret-of-the-simulation',
    ZHOUQI_API_KEY: API_KEY,
    CKO_SECRET_KEY: SECRET_KEY,
    CKO_API_URL: 'http://gateway.test',
    CKO_PROCESSING_CHANNEL_ID: `pc_${'s'.repeat(26)}`,
    CKO_WEBHOOK_KEY: WEBHOOK_KEY,
    CKO_WEBHOOK_AUTHORIZATION: WEBHOOK_AUTHORIZATION,
    CKO_WRITES_PER_SECOND: PLENTY,
    CKO_READS_PER_SECOND: PLENTY,
    API_RATE_LIMIT: PLENTY,
    // Nothing runs by itself: the simulation keeps the timers.
    ROLE: 'api',
    LOG_LEVEL: process.env.SIMULATION_LOG ?? 'silent',
  });
}

/** One process of the engine, as production builds it, with its connections and its road in the simulation's hands. */
export class Engine implements Traveller, Owner {
  dead = false;
  /** How long (ms) it sleeps when a commit sends it to sleep. */
  napMs = 600_000;
  private left: (() => void)[] = [];
  pausedUntil = -Infinity;
  doom: Doom | null = null;
  /** Timers that were woken and have not run since. */
  readonly woken = new Set<WakeTarget>();
  private connections: Connections | null = null;

  private constructor(
    readonly name: string,
    private readonly time: LabTime,
    private app: NestExpressApplication | null,
  ) {}

  static async start(name: string, { time, gate, road, databaseUrl }: Surroundings, quarantine = false): Promise<Engine> {
    const engine = new Engine(name, time, null);
    engine.app = await createApp(configOf(databaseUrl), { clock: time, outbound: new Outbound(road.endOf(engine)) });
    // Somebody listens, as in production; what is woken works when its turn comes.
    const wake = engine.app.get(Wake);
    for (const { name: timer } of engine.timers) wake.on(timer, () => engine.woken.add(timer));
    await engine.app.get(Continuity).start(quarantine);
    await engine.app.get(ApiKeys).bootstrap(API_KEY);
    engine.connections = new Connections(engine.app.get(DataSource), engine, gate);
    return engine;
  }

  get paused(): boolean {
    return this.time.at < this.pausedUntil;
  }

  get working(): boolean {
    return !this.dead && !this.paused;
  }

  get server(): Server {
    return (this.app as NestExpressApplication).getHttpServer();
  }

  get timers(): readonly Timer[] {
    return (this.app as NestExpressApplication).get(Timers).all;
  }

  fateOfCommit(written: string): CommitFate {
    const { doom } = this;
    if (doom === null || (doom.table !== null && doom.table !== written)) return 'kept';
    doom.after -= 1;
    if (doom.after > 0) return 'kept';
    this.doom = null;
    doom.struck();
    return doom.fate;
  }

  die(): void {
    this.dead = true;
    this.fallSilent();
  }

  /** Resolves when it is killed or falls asleep: whoever waits for it waits in vain. */
  silence(): Promise<void> {
    return new Promise((resolve) => this.left.push(resolve));
  }

  private fallSilent(): void {
    for (const leave of this.left.splice(0)) leave();
  }

  fallAsleep(ms = this.napMs): void {
    this.pausedUntil = this.time.at + ms;
    this.fallSilent();
  }

  async awake(): Promise<void> {
    while (!this.dead && this.paused) await new Promise<void>((wake) => this.time.after(this.pausedUntil - this.time.at, wake));
  }

  /** The server's ids of its connections: what was begun on them is undone when they are ended. */
  pids(): number[] {
    return this.connections?.pids() ?? [];
  }

  async stop(): Promise<void> {
    await this.app?.close();
  }
}
