import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePorts } from '../src/platform/database/embedded.ports.js';
import { type EmbeddedPostgres, removeEmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/database/embedded.postgres.js';
import { runMigrations } from '../src/platform/database/migrate.js';
import { Dice } from './dice.js';
import { Engine } from './engine.js';
import { CHAOS_CLOCK } from './ground.js';
import { violations } from './judge.js';
import { Gateways } from './processes.js';
import { Proxy } from './proxy.js';
import { scratchFolder } from './scratch.js';
import { Shop } from './shop.js';
import { Weather, type WeatherReport } from './weather.js';
import { World } from './world.js';

const ENGINES = 3;
const DAY = 86_400_000;
/** Real ms that each part of a day is given. */
const PART_MS = 1_500;
/** Parts of a day at least and at most, and ms by which the clock goes on with each. */
const PARTS = 3;
const MOST_PARTS = 10;
const PART_OF_DAY = 180_000;
const PATIENCE_MS = 240_000;

export interface StormPlan {
  charges: number;
  wallets: number;
  seed: number;
}

export interface StormReport extends WeatherReport {
  charges: number;
  captured: number;
  declined: number;
  refunds: number;
  doubles: number;
  missed: number;
  /** Seconds: of the storm, and from its end until all was settled. */
  stormSeconds: number;
  quietSeconds: number;
  wrong: string[];
}

/** Days of charging under everything that may happen to processes, database and network; then quiet, and the judge. */
export async function endure(plan: StormPlan, say: (line: string) => void): Promise<StormReport> {
  const dir = await scratchFolder('storm');
  const database = new Database(join(dir, 'postgres'));
  await database.start();
  const gateways = Gateways.start();
  const storm = await Storm.prepare(plan, dir, database, gateways);
  try {
    return await storm.run(say);
  } finally {
    await storm.end();
    await gateways.stop();
    await database.remove();
    await rm(dir, { recursive: true, force: true });
  }
}

/** A PostgreSQL that crashes and comes back, with everything that it had acknowledged. */
class Database {
  private postgres: EmbeddedPostgres | null = null;
  private port = 0;

  constructor(private readonly dataDir: string) {}

  async start(): Promise<void> {
    this.postgres = await startEmbeddedPostgres({
      dataDir: this.dataDir,
      durable: false,
      port: this.port,
      // Its processes crash, the machine does not: the log need not reach the disk, but must be written.
      settings: { synchronous_commit: 'on', max_connections: '200', autovacuum: 'off' },
    });
    this.port = this.postgres.port;
  }

  get url(): string {
    return this.postgres?.url ?? '';
  }

  async crash(): Promise<void> {
    await this.postgres?.stop('immediate');
    await this.start();
  }

  async remove(): Promise<void> {
    await this.postgres?.stop('immediate');
    await removeEmbeddedPostgres(this.dataDir);
  }
}

class Storm {
  private constructor(
    private readonly plan: StormPlan,
    private readonly world: World,
    private readonly engines: readonly Engine[],
    private readonly proxies: { gateway: Proxy; database: Proxy; webhooks: Proxy },
    private readonly weather: Weather,
    private readonly shop: Shop,
  ) {}

  static async prepare(plan: StormPlan, dir: string, database: Database, gateways: Gateways): Promise<Storm> {
    await runMigrations(database.url);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(CHAOS_CLOCK);
    await client.end();
    const world = await World.open({ name: 'storm', databaseUrl: database.url, dataDir: join(dir, 'sandbox'), gateways });
    const dice = new Dice(plan.seed);
    const engines: Engine[] = [];
    const serving = (): number | null => dice.pick(engines.filter((engine) => engine.isServing))?.port ?? null;
    const proxies = {
      gateway: await Proxy.open(() => Number(new URL(world.env.CKO_API_URL as string).port)),
      database: await Proxy.open(() => Number(new URL(database.url).port)),
      webhooks: await Proxy.open(serving),
    };
    const databaseUrl = new URL(database.url);
    databaseUrl.port = String(proxies.database.port);
    const env = {
      ...world.env,
      DATABASE_URL: databaseUrl.toString(),
      DATABASE_POOL: '8',
      CKO_API_URL: `http://127.0.0.1:${proxies.gateway.port}`,
      CKO_WRITES_PER_SECOND: '60',
      CKO_READS_PER_SECOND: '500',
    };
    for await (const port of freePorts(0)) if (engines.push(new Engine(port, env)) === ENGINES) break;
    // Whoever comes to the door is led to an engine that serves.
    await world.serve(proxies.webhooks.port);
    const shop = new Shop(world, dice);
    const weather = new Weather({ dice, engines, database, world, gateway: proxies.gateway, databaseProxy: proxies.database });
    return new Storm(plan, world, engines, proxies, weather, shop);
  }

  async run(say: (line: string) => void): Promise<StormReport> {
    const { plan, shop, weather, world } = this;
    while (!this.engines.every((engine) => engine.isServing)) await sleep(100);
    await shop.open(plan.wallets);
    say(`${plan.wallets} subscriptions are sold; the storm begins`);
    const began = performance.now();
    const blowing = weather.blow();
    const days = Math.ceil(plan.charges / plan.wallets);
    for (let day = 1; day <= days; day += 1) {
      await this.liveDay();
      if (day % 4 === 0) say(`day ${day} of ${days}: ${weather.inShort()}`);
    }
    weather.end();
    await blowing;
    for (const proxy of Object.values(this.proxies)) proxy.calm();
    await world.reconnect();
    await shop.calm();
    const stormEnded = performance.now();
    say('quiet');
    const settled = await this.settle();
    const quietSeconds = (performance.now() - stormEnded) / 1000;
    const wrong = [...(settled ? [] : ['not everything was settled in time']), ...(await violations(world))];
    const surprises = this.engines.flatMap((engine) => engine.surprises);
    const count = async (sql: string): Promise<number> => (await world.one<{ n: number }>(`select count(*)::int as n from ${sql}`))?.n ?? -1;
    return {
      ...weather.report(),
      networkFaults: this.proxies.gateway.struck + this.proxies.database.struck,
      charges: await count('charges where sends > 0'),
      captured: await count(`charges where status = 'captured'`),
      declined: await count(`charges where status = 'declined'`),
      refunds: await count(`refunds where status = 'succeeded'`),
      doubles: await count('v_paid_twice'),
      missed: await count('v_missing_period'),
      stormSeconds: (stormEnded - began) / 1000,
      quietSeconds,
      wrong: [...wrong, ...surprises],
    };
  }

  /** A day in parts: what is due, what was left behind by a dead engine, what is looked up. */
  private async liveDay(): Promise<void> {
    const { shop, world } = this;
    const start = await patiently(() => world.now());
    await patiently(() => shop.vary());
    await patiently(() => world.jumpTo(new Date(start.getTime() + DAY)));
    for (let part = 0; part < MOST_PARTS; part += 1) {
      await sleep(PART_MS);
      await shop.giveBack();
      const due = await patiently(() => world.one('select 1 from subscriptions where due_at <= $1 limit 1', [new Date(start.getTime() + DAY)]));
      if (!due && part >= PARTS) return;
      await patiently(() => world.jumpTo(new Date(start.getTime() + DAY + part * PART_OF_DAY)));
    }
  }

  /** Lets time pass until nothing is under way any more. */
  private async settle(): Promise<boolean> {
    const { world } = this;
    const horizon = new Date((await world.now()).getTime() + 3 * 3_600_000);
    const giveUpAt = Date.now() + PATIENCE_MS;
    while (Date.now() < giveUpAt) {
      await sleep(300);
      const due = await world.one('select 1 from subscriptions where due_at <= $1 and parked_at is null', [horizon]);
      if (!due && (await world.isQuiet())) return true;
      await world.jumpToNext(horizon);
    }
    return false;
  }

  async end(): Promise<void> {
    this.weather.end();
    await Promise.all(this.engines.map((engine) => engine.stop()));
    await Promise.all(Object.values(this.proxies).map((proxy) => proxy.close()));
    await this.world.rest();
  }
}

/** Asks the database again while it is away. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const giveUpAt = Date.now() + 60_000; ; ) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
      await sleep(200);
    }
  }
}
