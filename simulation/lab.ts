import pg from 'pg';
import { SandboxGateway } from '../sandbox/gateway.js';
import { VirtualClock } from '../sandbox/runtime/clock.js';
import type { SendResult } from '../sandbox/runtime/ports.js';
import type { Chance } from './chance.js';
import { Draws } from './draws.js';
import { API_KEY, Engine, SECRET_KEY, WEBHOOK_AUTHORIZATION, WEBHOOK_KEY } from './engine.js';
import { type Call, GatewayRoad, type RoadFault } from './gateway.road.js';
import { type Answer, ask } from './in.process.js';
import { LabTime } from './lab.time.js';
import type { Wish } from './moves.js';
import { atRest, type Locks, QueryGate } from './query.gate.js';

/** Of a payment, or of a second one of the same request, which has a number behind it. */
const REFERENCE = /^zq-[a-z2-7]{20}-(\d+)-(\d+)/;
/** Timers are asked again while they find work, at most so often in one step. */
const MOST_ROUNDS = 60;

export interface LabOptions {
  databaseUrl: string;
  start: number;
  chance: Chance;
  roadFault: (call: Call) => RoadFault;
}

/** What keeps time and order: one clock, one gate to PostgreSQL, one gateway, and engines that are its own. */
export class Lab {
  readonly time: LabTime;
  readonly gate: QueryGate;
  readonly road: GatewayRoad;
  engines: Engine[] = [];
  /** How calls of the interface were answered. */
  readonly answers = new Map<string, number>();
  failedTimers = 0;
  /** Times (epoch ms) of which a database that was restored knows nothing. */
  readonly lostTimes: { from: number; until: number }[] = [];
  /** Names of references and how many draws were made for each. */
  private readonly names = new Map<string, string>();

  private constructor(
    private readonly options: LabOptions,
    readonly gateway: SandboxGateway,
    public admin: pg.Client,
    /** On another database, as nobody may be connected to ours while it is copied. */
    private readonly outside: pg.Client,
    time: LabTime,
  ) {
    this.time = time;
    this.gate = new QueryGate(() => this.locks(), () => time.lingering);
    this.road = new GatewayRoad(gateway, {
      nameOf: (call) => this.nameOf(call),
      faultOf: options.roadFault,
      later: (ms, run) => void time.after(ms, run),
    });
  }

  static async open(options: LabOptions): Promise<Lab> {
    const time = new LabTime(options.start);
    time.install();
    const admin = await connect(options.databaseUrl);
    const outside = await connect(new URL('/postgres', options.databaseUrl).toString());
    // The gateway is made before the lab that it calls back.
    const late: { lab: Lab | null } = { lab: null };
    const draws = new Draws(options.chance, (reference) => (late.lab as Lab).nameOfReference(reference));
    const gateway = await SandboxGateway.open({
      clock: new VirtualClock(options.start),
      sender: { send: (_url, headers, body) => (late.lab as Lab).deliver(headers, body) },
      seed: 'simulation',
      chance: (type, subject) => draws.draw(type, subject, (late.lab as Lab).gateway),
      secretKey: SECRET_KEY,
      publicUrl: 'http://gateway.test',
      settings: {
        // Fixed delays: chance comes from the faults, and what is due together stays together.
        decision_delay_ms: [2_000, 2_000],
        capture_delay_ms: [0, 0],
        redirect_capture_delay_ms: [1_000, 1_000],
        webhook_delay_ms: [200, 200],
        refund_delay_ms: [5_000, 5_000],
        webhook_url: 'http://engine.test/webhooks/checkout',
        webhook_key: WEBHOOK_KEY,
        webhook_authorization: WEBHOOK_AUTHORIZATION,
        webhook_concurrency: 500,
      },
    });
    late.lab = new Lab(options, gateway, admin, outside, time);
    return late.lab;
  }

  async startEngine(name: string, quarantine = false): Promise<Engine> {
    const { time, gate, road } = this;
    const engine = await Engine.start(name, { time, gate, road, databaseUrl: this.options.databaseUrl }, quarantine);
    this.engines.push(engine);
    return engine;
  }

  /** Ends what a killed engine had begun on the server, and forgets it. */
  async bury(engine: Engine): Promise<void> {
    this.engines = this.engines.filter((other) => other !== engine);
    this.road.forget(engine);
    const pids = engine.pids();
    await this.admin.query('select pg_terminate_backend(pid) from pg_stat_activity where pid = any($1)', [pids]);
    for (;;) {
      const { rows } = await this.admin.query('select 1 from pg_stat_activity where pid = any($1) limit 1', [pids]);
      if (rows.length === 0) return;
    }
  }

  /** Copies the database as it is; nobody may be connected meanwhile, so engines are killed first. */
  async backUp(): Promise<void> {
    await this.replaceDatabase((name, on) => on.query(`create database ${name}_backup template ${name}`));
  }

  /** Puts the copy in the database's place: what was written since then is forgotten. */
  async restore(since: number): Promise<void> {
    this.lostTimes.push({ from: since, until: this.time.at });
    await this.replaceDatabase(async (name, on) => {
      await on.query(`drop database ${name} with (force)`);
      await on.query(`alter database ${name}_backup rename to ${name}`);
    });
  }

  private async replaceDatabase(replace: (name: string, on: pg.Client) => Promise<unknown>): Promise<void> {
    await this.admin.end();
    await this.emptyDatabase();
    await replace(this.databaseName, this.outside);
    this.admin = await connect(this.options.databaseUrl);
  }

  /** Nobody may look on while it is copied: neither a killed engine's last connection nor the server's own workers. */
  private async emptyDatabase(): Promise<void> {
    for (;;) {
      const { rows } = await this.outside.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [this.databaseName]);
      if (rows.length === 0) return;
    }
  }

  private get databaseName(): string {
    return new URL(this.options.databaseUrl).pathname.slice(1);
  }

  private async locks(): Promise<Locks> {
    const { rows } = await this.outside.query<Locks>(
      `select count(distinct pid)::int as waiting, coalesce(array_agg(holder) filter (where holder is not null), '{}') as "heldBy"
         from pg_stat_activity left join unnest(pg_blocking_pids(pid)) as holder on true
        where datname = $1 and wait_event_type = 'Lock'`,
      [this.databaseName],
    );
    return rows[0] as Locks;
  }

  rest(): Promise<void> {
    return atRest(this.gate, () => this.time.lingering);
  }

  /** Lets everything move that can move without time passing. */
  async calm(): Promise<void> {
    await this.rest();
    while (await this.road.carryOn()) await this.rest();
  }

  /** Lives through the time until `instant`; whoever waits for an answer on the way gets it in time. */
  async pass(instant: number): Promise<void> {
    for (;;) {
      const next = Math.min(instant, this.nextMove());
      await this.gateway.advanceTo(Math.max(next, this.time.at));
      this.time.moveTo(next);
      await this.calm();
      if (next >= instant) return;
    }
  }

  private nextMove(): number {
    const gateway = this.road.under.size > 0 ? (this.gateway.nextDueAt() ?? Infinity) : Infinity;
    return Math.min(this.time.nextTimerAt(), Math.max(gateway, this.time.at));
  }

  /** What an engine's work comes to; undefined when the engine dies or falls asleep over it. */
  async until<T>(engine: Engine, work: Promise<T>): Promise<T | undefined> {
    let over = false;
    work.then(() => (over = true), () => (over = true));
    for (;;) {
      await this.calm();
      if (engine.dead) return undefined;
      if (over) return work;
      if (engine.paused) return undefined;
      const next = this.nextMove();
      if (next === Infinity) throw new Error(`${engine.name} waits for something that never comes`);
      await this.pass(next);
    }
  }

  /** Lets one timer of an engine work until nothing is due for it. */
  async run(engine: Engine, name: string): Promise<void> {
    const timer = engine.timers.find((one) => one.name === name);
    if (!timer) return;
    engine.woken.delete(timer.name);
    try {
      for (let round = 0; round < MOST_ROUNDS && engine.working; round += 1) {
        if (!((await this.until(engine, timer.run())) ?? 0)) return;
      }
    } catch {
      // As the scheduler does: the rows stay due.
      this.failedTimers += 1;
    }
  }

  /** Asks an engine's interface; undefined when nobody answers. */
  async call(engine: Engine, { method, path, body }: Wish): Promise<Answer | undefined> {
    const headers = { authorization: `Bearer ${API_KEY}` };
    const answer = await this.until(engine, ask(engine.server, { method, path, headers, ...(method !== 'GET' && { body: JSON.stringify(body) }) }));
    const outcome = answer === undefined ? 'nobody' : String(answer.status);
    this.answers.set(outcome, (this.answers.get(outcome) ?? 0) + 1);
    return answer;
  }

  /** A reference by the name of whom it is about: the same in every run. */
  nameOfReference(reference: string): string {
    const [, period, attempt] = REFERENCE.exec(reference) ?? [];
    return `${this.names.get(reference) ?? '?'} ${period}-${attempt}`;
  }

  private async nameOf(call: Call): Promise<string> {
    const reference = this.referenceOf(call);
    if (reference === null) return `? ${call.path}`;
    if (!this.names.has(reference)) {
      const { rows } = await this.admin.query<{ email: string }>({
        name: 'customer',
        text: 'select u.email from charges c join customers u on u.id = c.customer where c.reference = $1',
        values: [reference],
      });
      this.names.set(reference, rows[0]?.email ?? '?');
    }
    const part = call.path.split('?')[0]?.split('/')[3] ?? '';
    return `${this.nameOfReference(reference)} ${call.path.includes('?') ? 'list' : part}`;
  }

  private referenceOf({ method, path, body }: Call): string | null {
    if (method === 'POST' && path === '/payments') return (JSON.parse(body) as { reference: string }).reference;
    const listed = /[?&]reference=([^&]+)/.exec(path)?.[1];
    if (listed !== undefined) return decodeURIComponent(listed);
    const id = path.split('/')[2] ?? '';
    return this.gateway.context.store.findPayment(id)?.terms.reference ?? null;
  }

  private async deliver(headers: Record<string, string>, body: string): Promise<SendResult> {
    const engine = this.engines.find((one) => one.working);
    if (!engine) return { error: 'connect ECONNREFUSED' };
    const answered = ask(engine.server, { method: 'POST', path: '/webhooks/checkout', headers, body });
    const answer = await Promise.race([answered, engine.silence()]);
    return answer ? { status: answer.status } : { error: 'read ECONNRESET' };
  }

  async close(): Promise<void> {
    for (const engine of this.engines) await engine.stop();
    await this.admin.end();
    await this.outside.end();
    this.gateway.close();
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC' });
  await client.connect();
  return client;
}
