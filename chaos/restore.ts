import { rm } from 'node:fs/promises';
import pg from 'pg';
import { runMigrations } from '../src/platform/database/migrate.js';
import { Cluster } from './cluster.js';
import { CHAOS_CLOCK } from './ground.js';
import { violations } from './judge.js';
import { live } from './life.js';
import { Gateways } from './processes.js';
import { scratchFolder } from './scratch.js';
import { World } from './world.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Longer than the gateway remembers a key. */
const FORGOTTEN_HOURS = 26;
const LANDING = { terminal_type: 'WEB', success_url: 'https://shop.example/yes', failure_url: 'https://shop.example/no' };

/** How the old state comes back, and what the engine can tell of it. */
export type Variant =
  /** A backup and its log: a new timeline begins. */
  | 'recovered'
  /** A copy of the disk, and the operator says so with QUARANTINE=true. */
  | 'cloned'
  /** A copy of the disk, and nobody says anything: only the heartbeat is old. */
  | 'forgotten';

/** Who lives through it: what he does before the backup, and what in the time that is lost. */
const EARLY = {
  'in-dunning': 'declined before the backup, paid by a retry in the lost time',
  'not-taken': 'refused with 429 at the backup, taken and paid in the lost time',
  pending: 'undecided at the backup, paid in the lost time',
  'pays-himself': 'declined before the backup, paid through a new wallet in the lost time',
};
const LATE = {
  'renews-1': 'renewed in the lost time',
  'renews-2': 'renewed in the lost time',
  'renews-3': 'renewed in the lost time',
  'declined-first': 'declined and retried in the lost time',
};
const LAST = { 'answer-lost': 'charged in the last moment, the answer never came' };
/** Bought right before the backup; part of it goes back in the lost time. */
const LATELY = 'bought-lately';
const REFUND = 500;
const email = (name: string): string => `${name}@example.com`;

export interface Report {
  variant: Variant;
  /** Payments that the gateway took in the time that was lost. */
  lostPayments: number;
  /** Payments that it took after the restore, for periods that nobody had charged. */
  laterCharges: number;
  seconds: number;
  wrong: string[];
}

/** One restore from beginning to end; `say` hears its story. */
export async function practise(variant: Variant, say: (line: string) => void): Promise<Report> {
  const began = performance.now();
  const dataDir = await scratchFolder('drill');
  const cluster = await Cluster.open();
  const gateways = Gateways.start();
  try {
    await prepare(cluster.url);
    const world = await World.open({ name: 'drill', databaseUrl: cluster.url, dataDir, gateways });
    const drill = new Drill(variant, cluster, world, say);
    const report = await drill.run();
    await world.rest();
    return { ...report, variant, seconds: (performance.now() - began) / 1000 };
  } finally {
    await gateways.stop();
    await cluster.remove();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function prepare(url: string): Promise<void> {
  await runMigrations(url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(CHAOS_CLOCK);
  await client.end();
}

class Drill {
  private readonly wrong: string[] = [];

  constructor(
    private readonly variant: Variant,
    private readonly cluster: Cluster,
    private readonly world: World,
    private readonly say: (line: string) => void,
  ) {}

  async run(): Promise<Omit<Report, 'variant' | 'seconds'>> {
    await this.whileServed({}, () => this.untilBackup());
    if (this.variant !== 'recovered') {
      await this.cluster.snapshot();
      await this.world.reconnect();
      this.say('the server at rest was copied');
    }
    const before = await this.taken();
    await this.whileServed({}, () => this.lostTime());
    const lostPayments = (await this.taken()) - before;
    const now = await this.world.now();
    await this.cluster.stop();
    await this.cluster.restore({ recovers: this.variant === 'recovered' });
    await this.world.reconnect();
    // Time has gone on meanwhile, and the gateway has forgotten all keys: only what the engine asks protects.
    await this.world.jumpTo(new Date(now.getTime() + FORGOTTEN_HOURS * HOUR));
    await this.world.control('POST', '/clock/advance', { seconds: FORGOTTEN_HOURS * 3_600 });
    const atRestore = await this.taken();
    this.say(`restored: ${lostPayments} payments of the lost time are unknown to the database`);
    await this.whileServed(this.variant === 'cloned' ? { QUARANTINE: 'true' } : {}, () => this.afterRestore(atRestore));
    return { lostPayments, laterCharges: (await this.taken()) - atRestore, wrong: this.wrong };
  }

  private whileServed(env: Record<string, string>, work: () => Promise<void>): Promise<void> {
    return live([this.world], work, env);
  }

  private async untilBackup(): Promise<void> {
    const { world } = this;
    await world.post('/v1/plans', { code: 'tea', name: 'Tea club', amount: 3900, currency: 'CNY', interval: 'month', renewal_notice: 'off' });
    const start = await world.now();
    await this.sellTo(EARLY);
    await world.jumpTo(new Date(start.getTime() + 2 * DAY));
    await this.sellTo(LATE);
    await world.jumpTo(new Date(start.getTime() + 4 * DAY));
    await this.sellTo(LAST);
    for (const name of ['in-dunning', 'pays-himself']) await this.declineNext(name);
    await this.arm('rate_limited', 'not-taken', { operation: 'payment' });
    await this.arm('pending_forever', 'pending');
    await world.jumpTo(new Date((await this.endOf('in-dunning')).getTime() + 1_000));
    await world.until('the first renewals are on their way', async () => {
      const charges = await Promise.all(Object.keys(EARLY).map((name) => this.chargeOf(name)));
      return charges.map((charge) => charge?.period_no === 2 && charge.sends > 0 && charge.status).join() === 'declined,created,pending,declined';
    });
    await this.sell(LATELY);
    if (this.variant !== 'recovered') return;
    await this.cluster.backUp();
    this.say('a base backup was taken while the engine was running');
  }

  private async lostTime(): Promise<void> {
    const { world } = this;
    await world.control('DELETE', '/faults');
    if (this.variant === 'recovered') await world.until('the engine is back', async () => (await world.get('/v1/quarantine')).active === false);
    await world.control('POST', `/payments/${(await this.chargeOf('pending'))?.gateway_payment_id}/approve`);
    await this.payHimself('pays-himself', 'past_due');
    await this.declineNext('declined-first');
    await world.jumpTo(new Date((await this.endOf('renews-1')).getTime() + 5_000));
    const paid = [...Object.keys(EARLY), ...Object.keys(LATE)];
    await world.until('the lost time is lived', () => this.allPaid(paid, 2), { horizon: new Date((await world.now()).getTime() + 1.5 * DAY) });
    for (const name of [LATELY, 'renews-1']) await this.giveBack(name);
    await this.sell('newcomer');
    await this.arm('response_lost', 'answer-lost', { kind: 'stored' });
    await world.control('POST', '/faults', { type: 'webhook_lost' });
    await world.jumpTo(new Date((await this.endOf('answer-lost')).getTime() + 1_000));
    await world.until('the last charge is sent', async () => (await this.chargeOf('answer-lost'))?.status === 'unknown');
    await world.control('DELETE', '/faults');
    this.say('after it: renewals, a retry, a decline with its retry, a payment by hand, two refunds, a sign-up, a lost answer');
  }

  private async afterRestore(atRestore: number): Promise<void> {
    const { world } = this;
    await this.waitForQuarantine(atRestore);
    const known = [...Object.keys(EARLY), ...Object.keys(LATE), ...Object.keys(LAST)];
    await world.until('the lost time is found again', () => this.allPaid(known, 2), { horizon: new Date((await world.now()).getTime() + 2 * DAY) });
    const again = (await this.taken()) - atRestore;
    if (again > 0) this.wrong.push(`${again} payments were asked for again`);
    this.say(`found again: ${known.length} subscriptions, each with its second period paid, nothing asked for twice`);
    // Without a quarantine they are found when their charges are compared, at the age of 14 days.
    if (this.variant !== 'forgotten') await world.until('the refunds are found', async () => (await this.refunds('found')) === 2);
    await this.findNewcomer();
    const horizon = new Date((await this.endOf('answer-lost')).getTime() + 2_000);
    await world.until('life goes on', async () => (await this.allPaid(known, 3)) && this.allPaid([LATELY], 2), { horizon });
    await world.until('all is quiet', () => world.isQuiet());
    this.say('the next month was charged as ever');
    const unknown = await this.newcomersPayments();
    const found = await violations(world);
    // What the database cannot know of stands in the book alone, and is named.
    this.wrong.push(...found.filter((line) => !unknown.some((payment) => line.includes(payment))));
  }

  /** In quarantine nothing is sent; without one the charges of the lost time are looked up first. */
  private async waitForQuarantine(atRestore: number): Promise<void> {
    const { world } = this;
    const told = await world.one<{ reason: string }>(`select data #>> '{object,reason}' as reason from events where type = 'engine.quarantined'`);
    if ((told !== null) !== (this.variant !== 'forgotten')) this.wrong.push(told ? 'a quarantine that nobody expected' : 'no quarantine');
    this.say(told ? `in quarantine: ${told.reason}` : 'not in quarantine: only the heartbeat is old');
    await world.until('the quarantine ends', async () => {
      const taken = await this.taken();
      const { active } = await world.get('/v1/quarantine');
      if (active === true && taken !== atRestore) this.wrong.push('something was charged in quarantine');
      return active === false;
    });
  }

  /** Whoever signed up in the lost time is nobody's customer now: his payment is told of when its webhooks come again. */
  private async findNewcomer(): Promise<void> {
    const { world } = this;
    const payments = await this.newcomersPayments();
    if (payments.length !== 1) this.wrong.push(`the newcomer has ${payments.length} payments`);
    for (const payment of payments) await world.control('POST', '/webhooks/resend', { payment_id: payment });
    await world.until('the orphan is told of', async () =>
      (await world.one(`select 1 from gateway_events where payment_id = any($1) and outcome in ('foreign', 'orphan')`, [payments])) !== null,
    );
    this.say('a sign-up of the lost time was found as an orphan when its webhooks were sent again');
  }

  private async newcomersPayments(): Promise<string[]> {
    const entries = (await this.world.control('GET', '/book/entries?limit=1000')).data as { payment_id: string; customer_email: string }[];
    return entries.filter(({ customer_email: owner }) => owner === email('newcomer')).map(({ payment_id: id }) => id);
  }

  private async sellTo(names: object): Promise<void> {
    await Promise.all(Object.keys(names).map((name) => this.sell(name)));
  }

  private async sell(name: string): Promise<void> {
    const { world } = this;
    const customer = await world.post('/v1/customers', { email: email(name), name });
    await world.post('/v1/subscriptions', { customer: customer.id, plan: 'tea', ...LANDING });
    await this.pay(name, 1);
  }

  private async payHimself(name: string, status: string): Promise<void> {
    const found = await this.world.one<{ id: string }>(
      `select s.id from subscriptions s join customers c on c.id = s.customer where c.email = $1 and s.status = $2`,
      [email(name), status],
    );
    await this.world.post(`/v1/subscriptions/${found?.id}/checkout`, LANDING);
    await this.pay(name, 2);
  }

  private async pay(name: string, period: number): Promise<void> {
    const { world } = this;
    let approved = false;
    await world.until(`${name} pays`, async () => {
      if (await this.allPaid([name], period)) return true;
      const charge = await this.chargeOf(name);
      if (charge?.status === 'pending' && !approved) {
        approved = true;
        await world.control('POST', `/payments/${charge.gateway_payment_id}/approve`);
      }
      return false;
    });
  }

  /** Part of the last charge goes back. */
  private async giveBack(name: string): Promise<void> {
    const before = await this.refunds('request');
    await this.world.post(`/v1/charges/${(await this.chargeOf(name))?.id}/refunds`, { amount: REFUND });
    await this.world.until('the money is back', async () => (await this.refunds('request')) > before);
  }

  private async refunds(cause: string): Promise<number> {
    const row = await this.world.one<{ n: number }>(`select count(*)::int as n from refunds where cause = $1 and status = 'succeeded'`, [cause]);
    return row?.n ?? 0;
  }

  private declineNext(name: string): Promise<unknown> {
    return this.world.control('POST', `/wallets/${email(name)}/behaviour`, { outcome: 'decline', response_code: '20051', times: 1 });
  }

  private arm(type: string, name: string, match: object = {}): Promise<unknown> {
    return this.world.control('POST', '/faults', { type, match: { customer_email: email(name), ...match } });
  }

  private async endOf(name: string): Promise<Date> {
    const row = await this.world.one<{ period_end: Date }>(
      'select s.period_end from subscriptions s join customers c on c.id = s.customer where c.email = $1',
      [email(name)],
    );
    return (row as { period_end: Date }).period_end;
  }

  private chargeOf(name: string) {
    return this.world.one<{ id: string; period_no: number; status: string; sends: number; gateway_payment_id: string | null }>(
      `select h.* from charges h join customers c on c.id = h.customer where c.email = $1 order by period_no desc, attempt desc limit 1`,
      [email(name)],
    );
  }

  private async allPaid(names: readonly string[], period: number): Promise<boolean> {
    const row = await this.world.one<{ paid: number }>(
      `select count(*)::int as paid from invoices i join customers c on c.id = i.customer
        where c.email = any($1) and i.period_no = $2 and i.status = 'paid'`,
      [names.map(email), period],
    );
    return row?.paid === names.length;
  }

  /** Payments that the gateway holds. */
  private async taken(): Promise<number> {
    return (await this.world.control('GET', '/payments?limit=1')).total_count as number;
  }
}
