import { createHash } from 'node:crypto';
import { Pool } from 'undici';
import { type Reading, readGatewayEvent } from '../src/inbox/gateway.event.js';
import { isSigned } from '../src/inbox/signature.js';
import { Dice } from './dice.js';
import { BASES, FLOWS } from './flows.js';
import { Ground } from './ground.js';
import { live } from './life.js';
import { memoryInUse } from './memory.js';
import { type Delivery, deliveries, isGenuine, MOST_BYTES } from './mutations.js';
import type { Crew } from './processes.js';
import { type World, WEBHOOK_KEY } from './world.js';

const CONNECTIONS = 16;
/** Share of the deliveries after which memory is measured for the first time. */
const WARM_UP = 0.2;
const MIB = 1024 * 1024;
const MOST_GROWTH_MIB = 32;

export interface Figures {
  sent: number;
  kinds: number;
  seconds: number;
  /** Growth of the memory in use after the warm-up, MiB. */
  growthMib: number;
  p99Ms: number;
  statuses: Record<string, number>;
  wrong: string[];
}

/** Sends mutated deliveries to a running engine, and looks whether anything moved. */
export async function bombard(count: number, seed: number): Promise<Figures> {
  const ground = await Ground.open();
  try {
    const world = await ground.clone();
    const figures: Figures[] = [];
    await live([world], async (crew) => {
      const genuine = await beginLife(world);
      const before = await money(world);
      figures.push(await new Bombardment(world, crew, count).run(deliveries({ key: WEBHOOK_KEY, genuine, dice: new Dice(seed) }, { overHttp: true })));
      await world.until('all deliveries are worked on', async () => (await world.one('select 1 from gateway_events where next_attempt_at is not null limit 1')) === null);
      const after = await money(world);
      for (const [table, rows] of before) if (after.get(table) !== rows) figures[0]?.wrong.push(`money moved: ${table}`);
    });
    await ground.remove(world);
    return figures[0] as Figures;
  } finally {
    await ground.close();
  }
}

/** A subscription with a paid period and a pending charge; returns the events that the gateway told of them. */
async function beginLife(world: World): Promise<Buffer[]> {
  await BASES.customer.run(world);
  await BASES.active.run(world);
  const pending = FLOWS.find(({ name }) => name === 'webhook');
  await pending?.prepare?.(world);
  await world.jumpTo(new Date(Date.now() + 32 * 86_400_000));
  await world.until('a charge is pending', async () => (await world.one(`select 1 from charges where kind = 'recurring' and status = 'pending'`)) !== null);
  const stored = await world.query<{ body: string }>('select body from gateway_events order by received_at, id');
  return stored.map(({ body }) => Buffer.from(body));
}

/** Everything that money touches, by table; when a charge is looked at, and that it was compared at its age, is nobody's money. */
async function money(world: World): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const table of ['subscriptions', 'invoices', 'charges', 'ledger_transactions', 'ledger_entries', 'events', 'customer_balances']) {
    const rows = await world.query(`select to_jsonb(t) - '{next_check_at,checks,verified_at,updated_at,gateway_request_id}'::text[] as row from ${table} t order by 1`);
    hashes.set(table, createHash('sha256').update(JSON.stringify(rows)).digest('hex'));
  }
  return hashes;
}

class Bombardment {
  private readonly times: number[] = [];
  private readonly statuses: Record<string, number> = {};
  private readonly kinds = new Set<string>();
  private readonly wrong: string[] = [];
  private sent = 0;
  private warm = 0;

  constructor(
    private readonly world: World,
    private readonly crew: Crew,
    private readonly count: number,
  ) {}

  async run(source: Generator<Delivery>): Promise<Figures> {
    const pool = new Pool(`http://127.0.0.1:${this.world.port}`, { connections: CONNECTIONS });
    const began = performance.now();
    await Promise.all(Array.from({ length: CONNECTIONS }, () => this.sendOn(pool, source)));
    await pool.close();
    this.times.sort((a, b) => a - b);
    const growthMib = ((await this.crew.weigh()) - this.warm) / MIB;
    if (growthMib > MOST_GROWTH_MIB) this.wrong.push(`memory grew by ${growthMib.toFixed(0)} MiB`);
    return {
      sent: this.sent,
      kinds: this.kinds.size,
      seconds: (performance.now() - began) / 1000,
      growthMib,
      p99Ms: this.times[Math.floor(this.times.length * 0.99)] ?? 0,
      statuses: this.statuses,
      wrong: this.wrong,
    };
  }

  private async sendOn(pool: Pool, source: Generator<Delivery>): Promise<void> {
    while (this.sent < this.count) {
      this.sent += 1;
      if (this.sent === Math.floor(this.count * WARM_UP)) this.warm = await this.crew.weigh();
      await this.send(pool, source.next().value as Delivery);
    }
  }

  private async send(pool: Pool, delivery: Delivery): Promise<void> {
    const { kind, body, headers } = delivery;
    const began = performance.now();
    const answer = await pool.request({ method: 'POST', path: '/webhooks/checkout', headers: { 'content-type': 'application/json', ...headers }, body });
    await answer.body.dump();
    this.times.push(performance.now() - began);
    this.kinds.add(kind);
    this.statuses[answer.statusCode] = (this.statuses[answer.statusCode] ?? 0) + 1;
    const expected = expectedStatus(delivery);
    if (answer.statusCode !== expected) this.wrong.push(`${kind}: ${answer.statusCode}, not ${expected}`);
  }
}

function expectedStatus(delivery: Delivery): number {
  if (delivery.body.length > MOST_BYTES) return 413;
  if (delivery.headers['content-encoding'] !== undefined) return 415;
  return isGenuine(delivery, WEBHOOK_KEY) ? 200 : 401;
}

/** The same bodies through the production functions alone: a signature check and a reading that never throws. */
export function readInProcess(count: number, seed: number): Figures {
  const dice = new Dice(seed);
  const genuine = Array.from({ length: 20 }, (_, i) => event(dice, i));
  const source = deliveries({ key: WEBHOOK_KEY, genuine, dice }, { overHttp: false });
  const [kinds, wrong, statuses] = [new Set<string>(), [] as string[], { accepted: 0, refused: 0 }];
  const began = performance.now();
  let warm = 0;
  for (let sent = 1; sent <= count; sent += 1) {
    const delivery = source.next().value as Delivery;
    if (sent === Math.floor(count * WARM_UP)) warm = memoryInUse();
    kinds.add(delivery.kind);
    const accepted = isSigned(delivery.body, delivery.headers['cko-signature'], [WEBHOOK_KEY]);
    statuses[accepted ? 'accepted' : 'refused'] += 1;
    if (accepted !== isGenuine(delivery, WEBHOOK_KEY)) wrong.push(`${delivery.kind}: ${accepted ? 'accepted' : 'refused'}`);
    const problem = unfit(delivery.body);
    if (problem !== null) wrong.push(`${delivery.kind}: ${problem}`);
  }
  const growthMib = (memoryInUse() - warm) / MIB;
  if (growthMib > MOST_GROWTH_MIB) wrong.push(`memory grew by ${growthMib.toFixed(0)} MiB`);
  return { sent: count, kinds: kinds.size, seconds: (performance.now() - began) / 1000, growthMib, p99Ms: 0, statuses, wrong };
}

/** What a row made of the body would break, or nothing. */
function unfit(body: Buffer): string | null {
  let read: Reading;
  try {
    read = readGatewayEvent(body);
  } catch (error) {
    return `reading throws ${String(error)}`;
  }
  if (!/^(evt_\w{1,64}|sha256:[0-9a-f]{64})$/.test(read.id)) return `the id is ${read.id}`;
  if (read.payment_id !== null && !/^pay_\w{26}$/.test(read.payment_id)) return `the payment is ${read.payment_id}`;
  if (['\0', '\u001e', '\u001f'].some((character) => read.body.includes(character))) return 'the body cannot be stored';
  if (read.outcome === null && read.payment_id === null) return 'it would be worked on, and names no payment';
  return ({} as { id?: unknown }).id === undefined ? null : 'the prototype of all objects was changed';
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'.split('');

function event(dice: Dice, i: number): Buffer {
  const letters = (length: number): string => Array.from({ length }, () => dice.pick(LETTERS)).join('');
  const types = ['payment_captured', 'payment_declined', 'payment_pending', 'payment_refunded'];
  return Buffer.from(
    JSON.stringify({
      id: `evt_${letters(26)}`,
      source: 'gateway',
      type: types[i % types.length],
      timestamp: '2026-03-01T00:00:00.000+00:00',
      version: '1.0.29',
      data: { id: `pay_${letters(26)}`, action_id: `act_${letters(26)}`, reference: `zq-${letters(20)}-1-1`, amount: 3900, currency: 'CNY', metadata: {} },
    }),
  );
}
