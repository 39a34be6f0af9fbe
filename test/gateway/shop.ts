import { expect } from 'vitest';
import { PaymentBody } from '../../src/cases/payment.body.js';
import type { Charge } from '../../src/domain/charge.js';
import { Wallets } from '../../src/wallets/wallets.js';
import type { World } from '../support/world.js';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** How long before a renewal its customer must have been told. */
export const NOTICE = 5 * DAY;

export const RETURN_URLS = { success_url: 'https://shop.example/yes', failure_url: 'https://shop.example/no' };

let plans = 0;

/** Asks for a weekly subscription; the customer has not paid yet. Returns what the API answered. */
export async function signUp(world: World, request: object = {}, plan: object = {}): Promise<Record<string, any>> {
  plans += 1;
  const { code } = await world.post('/v1/plans', { code: `tea-${plans}`, name: 'Tea club', amount: 3900, currency: 'CNY', interval: 'week', ...plan });
  const customer = await world.post('/v1/customers', { email: `li-${plans}@example.com`, name: 'Li' });
  return world.post('/v1/subscriptions', { customer: customer.id, plan: code, terminal_type: 'WEB', ...RETURN_URLS, ...request });
}

/** Sells a subscription and lets the customer pay its first period. Returns its id. */
export async function sell(world: World, plan: object = {}): Promise<string> {
  const { id } = await signUp(world, {}, plan);
  await world.pay(id);
  await world.news(id);
  return id;
}

/** Lets time pass to the end of the current period, when the next one is charged; its notice is given in time. */
export async function liveToRenewal(world: World, subscription: string): Promise<void> {
  const { current_period: period } = await world.get(`/v1/subscriptions/${subscription}`);
  const end = Date.parse(period?.end ?? '');
  for (const instant of [end - NOTICE, end]) await world.pass(instant - world.clock.at);
}

/** The bytes that the engine sends for a charge. */
export async function bytesOf(world: World, charge: Charge): Promise<string> {
  return world.app.get(PaymentBody).bytesOf(charge, await world.app.get(Wallets).names(world.database, [charge.source]));
}

/** All charges of a subscription as they stand in the table, oldest first. */
export function chargesOf(world: World, subscription: string): Promise<Charge[]> {
  return world.database.query<Charge>('select * from charges where subscription = $1 order by period_no, attempt', [subscription]);
}

export async function lastCharge(world: World, subscription: string): Promise<Charge> {
  const charge = (await chargesOf(world, subscription)).at(-1);
  expect(charge).toBeDefined();
  return charge as Charge;
}

/** Switches a fault of the gateway on; it strikes stored wallets unless told otherwise. Returns its id. */
export async function arm(world: World, type: string, { params = {}, match = {}, ...rest }: Record<string, any> = {}): Promise<string> {
  const { id } = await world.control('POST', '/faults', { type, params, match, ...rest });
  return id as string;
}

/** How many payments the gateway holds under the charge's reference, and what it captured for it. */
export async function gatewayShows(world: World, charge: Charge): Promise<{ payments: number; captures: number[] }> {
  const { total_count: payments } = await world.control('GET', `/payments?reference=${charge.reference}`);
  const entries = (await world.book()).filter((entry) => entry.reference === charge.reference);
  return { payments, captures: entries.map((entry) => entry.amount as number) };
}

/** The subscription's invoices are paid, and the gateway captured each exactly once. */
export async function expectEachPaidOnce(world: World, subscription: string, periods: number): Promise<void> {
  const invoices = await world.list(`/v1/invoices?subscription=${subscription}`);
  expect(invoices.map((invoice) => invoice.status)).toEqual(Array.from({ length: periods }, () => 'paid'));
  const references = (await chargesOf(world, subscription)).map((charge) => charge.reference);
  const captures = (await world.book()).filter((entry) => references.includes(entry.reference));
  expect(captures.map((entry) => entry.amount)).toEqual(invoices.map((invoice) => invoice.total ?? invoice.amount_paid));
}
