import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Gateways } from './processes.js';

/** Longer than a request that is dead holds its idempotency key. */
const LEASE_OVER_MS = 10_500;
const POLL_MS = 120;
/** Every so many polls it is looked whether anything moves at all. */
const LOOKS = 3;
/** So long nothing may happen at all before the world counts as stuck. */
const STUCK_MS = 30_000;
export const API_KEY = 'zq_chaos_key_0123456789abcdef';
export const CHANNEL = `pc_${'c'.repeat(26)}`;
export const WEBHOOK_KEY = 'whsec-of-the-chaos-sandbox';

type Json = Record<string, any>;

const QUIET = `select 1
  where not exists (select 1 from charges where status in ('created', 'sending', 'pending', 'unknown') and kind in ('recurring', 'retry'))
    and not exists (select 1 from refunds where status in ('created', 'sending', 'pending', 'unknown'))
    and not exists (select 1 from charges where next_check_at <= $1)
    and not exists (select 1 from gateway_events where next_attempt_at is not null)`;

/** The engine that served the world is dead; whoever waited for it may stop. */
export class EngineDied extends Error {}

/** Nothing happens any more, and what should have come has not. */
export class Stuck extends Error {}

/** Sandbox keys are 27 letters of base 32 behind their prefix; each world has its own. */
export function keyOf(name: string): string {
  const letters = name.replace(/[^a-z0-9]/g, '').replace(/[0189]/g, (digit) => 'abcdefghij'[Number(digit)] as string);
  // The z ends the name: without it world 1 and world 10 would share a key.
  return `sk_sbox_${`${letters}z`.padEnd(27, 'a')}`;
}

/** One connection, whose users take turns; a database that goes away says so to whoever asks next. */
function connect(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 1, options: '-c timezone=UTC -c datestyle=ISO' });
  return pool.on('error', () => undefined);
}

interface Options {
  name: string;
  databaseUrl: string;
  dataDir: string;
  gateways: Gateways;
}

/** One database, one gateway and, at times, an engine between them. */
export class World {
  port: number | null = null;
  private life = new AbortController();

  private constructor(
    private readonly options: Options,
    private client: pg.Pool,
    private readonly gateway: { url: string; controlUrl: string },
  ) {}

  static async open(options: Options): Promise<World> {
    const client = connect(options.databaseUrl);
    const { name: id, dataDir, gateways } = options;
    const gateway = await gateways.ask({ type: 'open', id, dataDir, secretKey: keyOf(id), webhookKey: WEBHOOK_KEY });
    return new World(options, client, gateway);
  }

  get name(): string {
    return this.options.name;
  }

  get key(): string {
    return keyOf(this.name);
  }

  /** Settings of an engine in this world. */
  get env(): Record<string, string> {
    return {
      DATABASE_URL: this.options.databaseUrl,
      DATABASE_POOL: '4',
      DATA_DIR: this.options.dataDir,
      ZHOUQI_SECRET: 'the-installation-secret-of-the-chaos',
      ZHOUQI_API_KEY: API_KEY,
      HOST: '127.0.0.1',
      PORT: '0',
      CKO_SECRET_KEY: this.key,
      CKO_API_URL: this.gateway.url,
      CKO_PROCESSING_CHANNEL_ID: CHANNEL,
      CKO_WEBHOOK_KEY: WEBHOOK_KEY,
      CKO_SETTLE_SECONDS: '1',
      BILLING_CRON: '* * * * * *',
      API_RATE_LIMIT: '1000000',
      LOG_LEVEL: 'silent',
    };
  }

  /** An engine serves the world now. */
  async serve(port: number): Promise<void> {
    this.port = port;
    this.life = new AbortController();
    await this.control('PATCH', '/settings', { webhook_url: `http://127.0.0.1:${port}/webhooks/checkout` });
  }

  /** Its engine is dead; everybody who waits for it hears so. */
  bereave(): void {
    this.port = null;
    this.life.abort(new EngineDied());
  }

  async query<Row extends Json>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(sql, parameters)).rows;
  }

  async one<Row extends Json>(sql: string, parameters: unknown[] = []): Promise<Row | null> {
    return (await this.query<Row>(sql, parameters))[0] ?? null;
  }

  /** Now on the engine's clock. */
  async now(): Promise<Date> {
    const row = await this.one<{ now: Date }>('select (clock_timestamp() + (select shift from chaos_clock))::timestamptz(3) as now');
    return (row as { now: Date }).now;
  }

  /** Whether nothing is under way, no news waits to be worked on, and what was to be compared with the gateway is. */
  async isQuiet(): Promise<boolean> {
    return (await this.one(QUIET, [await this.now()])) !== null;
  }

  /** Moves the engine's clock; never backwards. */
  async jumpTo(instant: Date): Promise<void> {
    await this.client.query('update chaos_clock set shift = greatest(shift, $1::timestamptz - clock_timestamp())', [instant]);
  }

  /** Asks the engine's API. */
  get(path: string): Promise<Json> {
    return this.call('GET', path);
  }

  /** A call to the engine's API. A conflict is an answer: what was asked for may have been done already. */
  post(path: string, body: object = {}): Promise<Json> {
    return this.call('POST', path, body);
  }

  /**
   * Asks again until it is answered, as a caller does who knows nothing of what was done before: with its key
   * the same request may come as often as it likes.
   */
  async insist(key: string, path: string, body: object = {}): Promise<Json> {
    for (;;) {
      const answer = await this.call('POST', path, body, { 'idempotency-key': key });
      if (answer.code !== 'idempotency_in_progress') return answer;
      await this.jumpTo(new Date((await this.now()).getTime() + LEASE_OVER_MS));
    }
  }

  private async call(method: 'GET' | 'POST', path: string, body?: object, headers: Record<string, string> = {}): Promise<Json> {
    this.life.signal.throwIfAborted();
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
      signal: this.life.signal,
    });
    const answer = (await response.json()) as Json;
    if (!response.ok && response.status !== 409) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** A call to the sandbox's control API. */
  async control(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<Json> {
    const response = await fetch(`${this.gateway.controlUrl}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const answer = (await response.json()) as Json;
    if (!response.ok && response.status !== 409) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /**
   * Waits until it is so. When nothing moves any more, the clock goes to what is due next: look-ups, leases,
   * retries of events, and subscriptions due up to `horizon`.
   */
  async until(what: string, isSo: () => Promise<boolean>, { horizon = null as Date | null, patience = 1_100 } = {}): Promise<void> {
    let [seen, since, moved] = ['', Date.now(), Date.now()];
    for (let poll = 1; ; poll += 1) {
      this.life.signal.throwIfAborted();
      if (await isSo()) return;
      await sleep(POLL_MS);
      if (poll % LOOKS !== 0) continue;
      const state = await this.fingerprint();
      if (state !== seen) [seen, since, moved] = [state, Date.now(), Date.now()];
      if (Date.now() - moved > STUCK_MS) throw new Stuck(`${what}: nothing happens any more`);
      if (Date.now() - since > patience && (await this.jumpToNext(horizon))) since = Date.now();
    }
  }

  private async fingerprint(): Promise<string> {
    const row = await this.one<{ state: string }>(`select concat_ws(' ',
      (select count(*) from events), (select count(*) from gateway_events), (select sum(attempts) from gateway_events),
      (select sum(checks + sends + lease_token) from charges), (select max(updated_at) from charges),
      (select sum(checks + sends + lease_token) from refunds), (select max(updated_at) from refunds)) as state`);
    return row?.state ?? '';
  }

  /** Goes to the next moment at which something is due; false when it is not ahead. */
  async jumpToNext(horizon: Date | null): Promise<boolean> {
    const row = await this.one<{ at: Date | null }>(
      `select min(at) as at from (
         select next_check_at as at from charges where status in ('created', 'sending', 'pending', 'unknown') and parked_at is null
         union all select next_check_at from refunds where status in ('created', 'sending', 'pending', 'unknown') and parked_at is null
         union all select next_attempt_at from gateway_events
         union all select due_at from subscriptions where due_at <= $1 and parked_at is null) due`,
      [horizon],
    );
    if (!row?.at || row.at <= (await this.now())) return false;
    await this.jumpTo(new Date(row.at.getTime() + 5));
    return true;
  }

  /** The database was away, and is another one perhaps. */
  async reconnect(): Promise<void> {
    await this.client.end().catch(() => undefined);
    this.client = connect(this.options.databaseUrl);
  }

  /** Closes what is open, so that database and gateway may be copied. */
  async rest(): Promise<void> {
    this.bereave();
    await this.client.end();
    await this.options.gateways.ask({ type: 'close', id: this.name });
  }
}
