import type { World } from './world.js';

const LANDING = { terminal_type: 'WEB', success_url: 'https://shop.example/yes', failure_url: 'https://shop.example/no' };
const EMAIL = 'li@example.com';
const SECOND = 1_000;
const REFUND = 1_200;

/** What a flow begins with. */
export type Base = 'customer' | 'active' | 'past_due';

/** One way in which money moves or stops moving. */
export interface Flow {
  name: string;
  base: Base;
  /** Faults and wallets of the gateway, set before the engine starts. */
  prepare?: (world: World) => Promise<unknown>;
  /** Does it to its end. May be begun again by the next engine: it looks first at what is done already. */
  run: (world: World) => Promise<void>;
  /** How it must end: the subscription's status, the periods that were captured once each, and what was given back. */
  ends: { status: string; paid: number[]; refunded?: number };
}

interface Subscription {
  id: string;
  status: string;
  period_no: number;
  period_end: Date;
  next_attempt_at: Date | null;
}

const subscription = (world: World): Promise<Subscription | null> =>
  world.one<Subscription>('select id, status, period_no, period_end, next_attempt_at from subscriptions order by id limit 1');

async function theSubscription(world: World): Promise<Subscription> {
  const found = await subscription(world);
  if (!found) throw new Error('there is no subscription');
  return found;
}

const isStatus = (world: World, status: string) => async (): Promise<boolean> => (await subscription(world))?.status === status;

const isPaid = (world: World, period: number) => async (): Promise<boolean> =>
  (await world.one(`select 1 from invoices where period_no = $1 and status = 'paid'`, [period])) !== null;

interface OpenCharge {
  id: string;
  status: string;
  gateway_payment_id: string | null;
  open: boolean;
}

async function lastCharge(world: World, kinds: string[]): Promise<OpenCharge | null> {
  return world.one<OpenCharge>(
    `select id, status, gateway_payment_id, status in ('created', 'sending', 'pending', 'unknown') as open
       from charges where kind = any($1) order by period_no desc, attempt desc limit 1`,
    [kinds],
  );
}

/** The customer pays by redirect, asks for another link when the one he had is lost, and pays only one. */
async function payByRedirect(world: World, isDone: () => Promise<boolean>): Promise<void> {
  let [paid, asked] = [null as string | null, false];
  await world.until('the customer pays', async () => {
    if (await isDone()) return true;
    const charge = await lastCharge(world, ['initial', 'checkout']);
    if (charge?.status === 'pending' && charge.gateway_payment_id !== null && paid === null) {
      paid = charge.gateway_payment_id;
      await world.control('POST', `/payments/${paid}/approve`);
    } else if (!charge?.open && charge?.status !== 'captured' && !asked) {
      asked = true;
      await world.post(`/v1/subscriptions/${(await theSubscription(world)).id}/checkout`, LANDING);
    }
    return false;
  });
}

async function signUp(world: World): Promise<void> {
  if (!(await subscription(world))) {
    const customer = await world.one<{ id: string }>('select id from customers');
    await world.post('/v1/subscriptions', { customer: customer?.id, plan: 'tea', ...LANDING });
  }
  await payByRedirect(world, isStatus(world, 'active'));
}

/** The whole sale by a caller who only repeats himself: none of what he asks for may come about twice. */
async function insistOnSale(world: World): Promise<void> {
  const customer = await world.insist('the customer', '/v1/customers', { email: EMAIL });
  const sold = await world.insist('the sale', '/v1/subscriptions', { customer: customer.id, plan: 'tea', ...LANDING });
  const [first] = await world.query<{ id: string }>('select id from subscriptions');
  if (typeof sold.id !== 'string' || sold.id !== first?.id) throw new Error(`sold ${sold.id}, and there is ${first?.id}`);
  await payByRedirect(world, isStatus(world, 'active'));
  const customers = await world.query('select 1 from customers where email = $1', [EMAIL]);
  const told = await world.query(`select 1 from audit_log where route in ('/v1/customers', '/v1/subscriptions')`);
  // One was there before, both were told of.
  if (customers.length !== 2 || told.length !== 3) throw new Error(`${customers.length} customers, ${told.length} lines in the audit log`);
}

async function insistOnRefund(world: World): Promise<void> {
  const charge = await world.one<{ id: string }>('select id from charges where period_no = 1');
  const refund = await world.insist('the refund', `/v1/charges/${charge?.id}/refunds`, { amount: REFUND });
  const made = await world.one<{ id: string }>('select id from refunds');
  if (typeof refund.id !== 'string' || refund.id !== made?.id) throw new Error(`refund ${refund.id}, and there is ${made?.id}`);
  await world.until('the refund is done', async () => (await world.one(`select 1 from refunds where status = 'succeeded'`)) !== null);
}

/** Lives to the end of the period, when the next one is due. */
async function fallDue(world: World): Promise<void> {
  const { period_no: period, period_end: end } = await theSubscription(world);
  if (period === 1) await world.jumpTo(new Date(end.getTime() + SECOND));
}

async function renew(world: World): Promise<void> {
  await fallDue(world);
  await world.until('the renewal is paid', isPaid(world, 2));
}

async function chargeIsThere(world: World, ...statuses: string[]): Promise<void> {
  await world.until('the charge is there', async () => {
    const charge = await lastCharge(world, ['recurring']);
    return charge !== null && [...statuses, 'captured'].includes(charge.status);
  });
}

/** Part of the first period's money goes back, once. */
async function refund(world: World): Promise<void> {
  const charge = await world.one<{ id: string }>('select id from charges where period_no = 1');
  if (!(await world.one('select 1 from refunds'))) await world.post(`/v1/charges/${charge?.id}/refunds`, { amount: REFUND });
  await world.until('the refund is done', async () => (await world.one(`select 1 from refunds where status = 'succeeded'`)) !== null);
}

const fault = (type: string, more: object = {}) => (world: World) =>
  world.control('POST', '/faults', { type, match: { kind: 'stored' }, ...more });
const silence = (world: World) => world.control('POST', '/faults', { type: 'webhook_lost' });
const REFUNDED = { status: 'active', paid: [1], refunded: REFUND };
const PAID = { status: 'active', paid: [1, 2] };

/** The engine that comes after the crash does not know which of these were done; it must find out. */
export const FLOWS: readonly Flow[] = [
  { name: 'sign_up', base: 'customer', run: signUp, ends: { status: 'active', paid: [1] } },
  { name: 'renewal', base: 'active', run: renew, ends: PAID },
  {
    name: 'decline_and_retry',
    base: 'active',
    prepare: (world) => world.control('POST', `/wallets/${EMAIL}/behaviour`, { outcome: 'decline', response_code: '20051', times: 1 }),
    run: async (world) => {
      await fallDue(world);
      await world.until('the first try fails', async () => (await isStatus(world, 'past_due')()) || isPaid(world, 2)());
      const { next_attempt_at: next } = await theSubscription(world);
      await world.until('the retry is paid', isPaid(world, 2), { horizon: next });
    },
    ends: PAID,
  },
  {
    name: 'lost_answer',
    base: 'active',
    prepare: async (world) => [await fault('response_lost', { times: 1 })(world), await silence(world)],
    run: renew,
    ends: PAID,
  },
  { name: 'lost_request', base: 'active', prepare: fault('reset_before_commit', { times: 1 }), run: renew, ends: PAID },
  {
    name: 'error_after_acceptance',
    base: 'active',
    prepare: async (world) => [await fault('server_error_committed', { times: 1 })(world), await silence(world)],
    run: renew,
    ends: PAID,
  },
  {
    name: 'webhook',
    base: 'active',
    prepare: fault('pending_forever'),
    run: async (world) => {
      await fallDue(world);
      await chargeIsThere(world, 'pending');
      const charge = await lastCharge(world, ['recurring']);
      if (charge?.status === 'pending') await world.control('POST', `/payments/${charge.gateway_payment_id}/approve`);
      await world.until('the webhook is worked on', isPaid(world, 2));
    },
    ends: PAID,
  },
  {
    name: 'cancel_in_flight',
    base: 'active',
    prepare: fault('pending_forever'),
    run: async (world) => {
      await fallDue(world);
      await chargeIsThere(world, 'pending');
      const { id, status } = await theSubscription(world);
      if (status !== 'canceled') await world.post(`/v1/subscriptions/${id}/cancel`, { at: 'now' });
      const charge = await lastCharge(world, ['recurring']);
      if (charge?.status === 'pending') await world.control('POST', `/payments/${charge.gateway_payment_id}/approve`);
      await world.until('the money that was under way has come', isPaid(world, 2));
    },
    ends: { status: 'canceled', paid: [1, 2] },
  },
  {
    name: 'checkout',
    base: 'past_due',
    run: async (world) => {
      const { id, status } = await theSubscription(world);
      if (status === 'past_due') await world.post(`/v1/subscriptions/${id}/checkout`, LANDING);
      await payByRedirect(world, isPaid(world, 2));
    },
    ends: PAID,
  },
  { name: 'refund', base: 'active', run: refund, ends: REFUNDED },
  { name: 'sale_repeated', base: 'customer', run: insistOnSale, ends: { status: 'active', paid: [1] } },
  { name: 'refund_repeated', base: 'active', run: insistOnRefund, ends: REFUNDED },
  {
    name: 'refund_lost_answer',
    base: 'active',
    prepare: async (world) => [
      await world.control('POST', '/faults', { type: 'response_lost', match: { operation: 'refund' }, times: 1 }),
      await silence(world),
    ],
    run: refund,
    ends: REFUNDED,
  },
  {
    name: 'reconcile',
    base: 'active',
    prepare: async (world) => [await fault('response_lost', { times: 1 })(world), await silence(world)],
    run: async (world) => {
      await fallDue(world);
      await chargeIsThere(world, 'unknown', 'pending');
      await world.post(`/v1/charges/${(await lastCharge(world, ['recurring']))?.id}/reconcile`);
      await world.until('what was asked for is settled', isPaid(world, 2));
    },
    ends: PAID,
  },
];

/** How each base comes about, on top of another. */
export const BASES: Record<Base, { from: Base | 'fresh'; run: (world: World) => Promise<void> }> = {
  customer: {
    from: 'fresh',
    run: async (world) => {
      await world.post('/v1/plans', { code: 'tea', name: 'Tea club', amount: 3900, currency: 'CNY', interval: 'month', renewal_notice: 'off' });
      await world.post('/v1/customers', { email: EMAIL, name: 'Li Na' });
    },
  },
  active: { from: 'customer', run: signUp },
  past_due: {
    from: 'active',
    run: async (world) => {
      await world.control('POST', `/wallets/${EMAIL}/behaviour`, { outcome: 'decline', response_code: '20051', times: 1 });
      await fallDue(world);
      await world.until('the first try fails', isStatus(world, 'past_due'));
    },
  },
};
