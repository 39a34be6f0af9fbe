import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';
import { expect } from 'vitest';
import { type Zhouqi, zhouqi } from '../../client/index.js';
import { startSandbox, type Sandbox } from '../../sandbox/server.js';
import { VirtualClock } from '../../sandbox/runtime/clock.js';
import { ApiKeys } from '../../src/access/api.keys.js';
import { Database } from '../../src/platform/database/database.js';
import { Config, loadConfig } from '../../src/platform/config/config.js';
import { Scheduler } from '../../src/scheduler/scheduler.js';
import { createApp } from '../../src/startup/app.js';
import { watchAnswers } from './answers.js';
import { watchCoherence } from './coherence.js';
import { createTestDatabase } from './database.js';
import { createEngineRole } from './engine.role.js';
import { ControlledClock } from './time.js';
import type { Answer, Body, Item } from './typed.js';

export const API_KEY = 'zq_test_key_0123456789abcdef';
const WEBHOOK_KEY = 'whsec-of-the-test-sandbox';
const CHANNEL = `pc_${'a'.repeat(26)}`;
const SECRET_KEY = `sk_sbox_${'a'.repeat(27)}`;
/** How far ahead the sandbox's own business (decisions, webhooks) counts as "now". */
const HORIZON_MS = 4_000;

export interface WorldOptions {
  /** Engine time at the start. */
  now?: string;
  config?: Record<string, string>;
  sandbox?: Record<string, unknown>;
  /** The engine runs as a role that may do no more than it needs, not as the owner of the tables. */
  leastPrivilege?: boolean;
}

type Json = Record<string, any>;

/**
 * An engine, its database and a gateway, all real and over HTTP, with one clock that the test moves.
 * Nothing happens behind the test's back: `settle` lets everything that is due happen, in order.
 */
export class World {
  private readonly seen = new Map<string, number>();
  private api!: Zhouqi;
  private readonly undocumented: string[] = [];
  private readonly unwatch = watchCoherence(() => this.incoherences());

  private constructor(
    public app: NestExpressApplication,
    private readonly config: Config,
    readonly sandbox: Sandbox,
    readonly clock: ControlledClock,
    private readonly sandboxClock: VirtualClock,
    private readonly drop: () => Promise<void>,
  ) {}

  static async open(options: WorldOptions = {}): Promise<World> {
    const start = Date.parse(options.now ?? '2026-03-01T00:00:00Z');
    const database = await createTestDatabase();
    const role = options.leastPrivilege ? await createEngineRole(database.url) : null;
    const drop = async (): Promise<void> => {
      await database.drop();
      await role?.drop();
    };
    const clock = new ControlledClock(start);
    const sandboxClock = new VirtualClock(start);
    const sandbox = await startSandbox({
      clock: sandboxClock,
      seed: 'world',
      settings: { preset: 'fast', webhook_key: WEBHOOK_KEY, ...options.sandbox },
    });
    const config = loadConfig({
      DATABASE_URL: role?.url ?? database.url,
      DATABASE_POOL: '5',
      ZHOUQI_SECRET: 'an-installation-secret-for-tests',
      CKO_SECRET_KEY: SECRET_KEY,
      CKO_API_URL: sandbox.url,
      CKO_PROCESSING_CHANNEL_ID: CHANNEL,
      CKO_WEBHOOK_KEY: WEBHOOK_KEY,
      CKO_WRITES_PER_SECOND: '1000000',
      CKO_READS_PER_SECOND: '1000000',
      API_RATE_LIMIT: '1000000',
      // Nothing runs by itself: tests move the clock and let the same timers work.
      ROLE: 'api',
      LOG_LEVEL: 'silent',
      ...options.config,
    });
    const app = await createApp(config, { clock });
    await app.get(ApiKeys).bootstrap(API_KEY);
    const world = new World(app, config, sandbox, clock, sandboxClock, drop);
    await world.listen();
    return world;
  }

  private async listen(): Promise<void> {
    await this.app.listen(0, '127.0.0.1');
    watchAnswers(this.app.getHttpServer(), this.undocumented);
    const { port } = this.app.getHttpServer().address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    this.api = zhouqi({ url, key: API_KEY });
    this.sandbox.gateway.patchSettings({ webhook_url: `${url}/webhooks/checkout` });
  }

  /** Ends the engine and starts another on the same database, configured otherwise where a test says so. */
  async restart(config: Partial<Config> = {}): Promise<void> {
    await this.app.close();
    Object.assign(this.config, config);
    this.app = await createApp(this.config, { clock: this.clock });
    await this.listen();
  }

  /** A second engine beside the first, on the same database and clock, configured otherwise where a test says so. */
  replica(config: Partial<Config> = {}): Promise<NestExpressApplication> {
    return createApp(Object.assign(new Config(), this.config, config), { clock: this.clock });
  }

  /** Rows that contradict each other; there are never any. */
  async incoherences(): Promise<Json[]> {
    return this.database.query('select * from coherence($1)', [new Date(this.clock.at)]);
  }

  async close(): Promise<void> {
    const incoherences = await this.incoherences();
    this.unwatch();
    await this.sandbox.close();
    await this.app.close();
    await this.drop();
    expect(incoherences).toEqual([]);
    expect(this.undocumented, 'answers that the document of the interface does not know').toEqual([]);
  }

  get database(): Database {
    return this.app.get(Database);
  }

  /** A request to the API, signed in. */
  call(method: 'get' | 'post' | 'patch' | 'delete' | 'put', path: string) {
    return request(this.app.getHttpServer())[method](path).set('authorization', `Bearer ${API_KEY}`);
  }

  /** Asked through the generated client, so that a test knows what it is answered. */
  async get<const Path extends string>(path: Path): Promise<Answer<Path, 'get'>> {
    const { data, error, response } = await this.api.GET(path as never);
    expect(response.status, JSON.stringify(error)).toBe(200);
    return data as Answer<Path, 'get'>;
  }

  async post<const Path extends string>(path: Path, body?: Body<Path>): Promise<Answer<Path, 'post'>> {
    const { data, error, response } = await this.api.POST(path as never, { body: body ?? {} } as never);
    expect(response.status, JSON.stringify(error)).toBeLessThan(300);
    return data as Answer<Path, 'post'>;
  }

  async list<const Path extends string>(path: Path): Promise<Item<Path>[]> {
    return ((await this.get(path)) as { data: Item<Path>[] }).data;
  }

  /** The sandbox's control API. */
  async control(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<Json> {
    const response = await fetch(`${this.sandbox.controlUrl}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    expect(response.ok, `${path}: ${response.status}`).toBe(true);
    return response.status === 204 ? {} : ((await response.json()) as Json);
  }

  /** Lets everything happen that is due about now, at the gateway and here, until all is quiet. */
  async settle(): Promise<void> {
    for (;;) {
      // A webhook that is on its way is news, although nothing is due for it yet: also one that
      // arrives while the drain is ending, when the inbox has been looked into for the last time.
      const { webhooks } = this.sandbox.gateway;
      const wasUnderWay = webhooks.sending > 0;
      const worked = await this.app.get(Scheduler).drain();
      const underWay = wasUnderWay || webhooks.sending > 0;
      await webhooks.settled();
      const next = this.sandbox.gateway.nextDueAt();
      const due = next !== undefined && next <= this.clock.at + HORIZON_MS;
      if (due) await this.moveTo(next);
      else if (worked === 0 && !underWay) return;
    }
  }

  /** Lets time pass for engine and gateway, living through everything that falls due on the way. */
  async pass(milliseconds: number, step = milliseconds): Promise<void> {
    const end = this.clock.at + milliseconds;
    while (this.clock.at < end) {
      await this.moveTo(Math.min(end, this.clock.at + step));
      await this.settle();
    }
  }

  private async moveTo(instant: number): Promise<void> {
    await this.sandbox.gateway.advanceTo(Math.max(instant, this.sandboxClock.now()));
    this.clock.moveTo(instant);
  }

  /** The customer opens the redirect and pays. */
  async pay(subscription: string): Promise<void> {
    await this.control('POST', `/payments/${await this.redirectPayment(subscription)}/approve`);
    await this.settle();
  }

  /** The payment behind the subscription's open redirect. */
  async redirectPayment(subscription: string): Promise<string> {
    const charges = await this.list(`/v1/charges?subscription=${subscription}&status=pending`);
    const redirect = charges.find((charge) => charge.kind === 'initial' || charge.kind === 'checkout');
    expect(redirect, 'there is no open redirect').toBeDefined();
    return redirect?.gateway_payment_id as string;
  }

  /** Moves a test clock and waits until it has arrived. */
  async advance(clock: string, to: string): Promise<void> {
    await this.post(`/v1/test_clocks/${clock}/advance`, { to });
    await this.settle();
    expect(await this.get(`/v1/test_clocks/${clock}`)).toMatchObject({ status: 'ready', waiting_on: [] });
  }

  /** Everything told about a subject since the last time it was asked for, oldest first. */
  async news(subject: string): Promise<string[]> {
    const after = this.seen.get(subject) ?? 0;
    const events = await this.database.query<{ type: string; sequence: number }>(
      'select type, sequence from events where subject = $1 and sequence > $2 order by sequence',
      [subject, after],
    );
    this.seen.set(subject, events.at(-1)?.sequence ?? after);
    return events.map((event) => event.type);
  }

  /** What the gateway really moved. */
  async book(): Promise<Json[]> {
    return (await this.control('GET', '/book/entries?limit=1000')).data as Json[];
  }
}
