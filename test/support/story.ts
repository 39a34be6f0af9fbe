import type { World } from './world.js';

type Json = Record<string, any>;

export const URLS = { success_url: 'https://shop.example/yes', failure_url: 'https://shop.example/no' };

/** A customer with a wallet and a subscription, living on a test clock of his own. */
export interface Life {
  clock: string;
  customer: string;
  subscription: string;
  email: string;
}

let wallets = 0;

/** Makes a plan; what is not said is a monthly CN¥39. */
export async function plan(world: World, terms: object = {}): Promise<Json> {
  wallets += 1;
  return world.post('/v1/plans', {
    code: `plan-${wallets}`,
    name: 'Tea club',
    amount: 3900,
    currency: 'CNY',
    interval: 'month',
    ...terms,
  });
}

/** Sells the plan to a new customer; the redirect is open, nothing is paid yet. */
export async function sell(world: World, planCode: string, at: string, options: { customer?: object; terms?: object } = {}): Promise<Life> {
  wallets += 1;
  const email = `wallet-${wallets}@example.com`;
  const clock = await world.post('/v1/test_clocks', { now: at });
  const customer = await world.post('/v1/customers', { email, name: 'Li Na', test_clock: clock.id, ...options.customer });
  const subscription = await world.post('/v1/subscriptions', {
    customer: customer.id,
    plan: planCode,
    terminal_type: 'WEB',
    ...URLS,
    ...options.terms,
  });
  return { clock: clock.id, customer: customer.id, subscription: subscription.id, email };
}

/** Sells it and lets the customer pay: an active subscription whose news have been heard. */
export async function sellAndPay(world: World, planCode: string, at: string, options: { customer?: object; terms?: object } = {}): Promise<Life> {
  const life = await sell(world, planCode, at, options);
  await world.pay(life.subscription);
  await world.news(life.subscription);
  return life;
}

export function subscriptionOf(world: World, life: Life): Promise<Json> {
  return world.get(`/v1/subscriptions/${life.subscription}`);
}

/** How the wallet answers from now on. */
export async function wallet(world: World, life: Life, behaviour: object): Promise<void> {
  await world.control('POST', `/wallets/${life.email}/behaviour`, behaviour);
}
