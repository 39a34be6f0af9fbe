import { Parking } from '../../src/parking/parking.js';
import type { Receiver } from '../support/receiver.js';
import { type Life, URLS, wallet } from '../support/story.js';
import type { World } from '../support/world.js';

/** A call as the document describes it: what stands in its path, its query and its body. */
export interface Call {
  path?: Record<string, string>;
  query?: string;
  body?: object;
}

/** What the calls are about. They tell one story, so later ones find what earlier ones have made. */
export interface Story {
  world: World;
  receiver: Receiver;
  /** The last answer of each operation. */
  answers: Record<string, any>;
  lives: Life[];
}

type Step = [operationId: string, call: (story: Story) => Call | Promise<Call>];

const NOW = '2026-03-01T00:00:00Z';
const first = ({ lives }: Story): string => (lives[0] as Life).subscription;
const idOf = (operationId: string) => ({ answers }: Story) => ({ path: { id: answers[operationId].id as string } });
const nothing = (): Call => ({});

async function listed({ world }: Story, list: string, body?: object): Promise<Call> {
  const [newest] = await world.list(list);
  return { path: { id: newest?.['id'] }, ...(body && { body }) };
}

const openInvoice = (life: number) => (story: Story) => listed(story, `/v1/invoices?status=open&subscription=${(story.lives[life] as Life).subscription}`, {});
const aboutFirst = (rest: Omit<Call, 'path'> = {}) => (story: Story) => ({ path: { id: first(story) }, ...rest });

/** One good call of every operation, in the order of a story. */
export const STEPS: readonly Step[] = [
  ['health.live', nothing],
  ['health.ready', nothing],
  ['openApi.show', nothing],
  ['metrics.scrape', nothing],
  ['apiKeys.create', () => ({ body: { name: 'shop', scopes: ['write'], expires_at: '2027-01-01T00:00:00Z', metadata: { team: 'web' } } })],
  ['apiKeys.list', () => ({ query: '?name=shop' })],
  ['apiKeys.get', idOf('apiKeys.create')],
  ['apiKeys.remove', idOf('apiKeys.create')],
  ['webhookEndpoints.create', ({ receiver }) => ({ body: { url: receiver.url, events: ['subscription.*', 'invoice.paid'], description: 'the shop' } })],
  ['policies.create', () => ({ body: { code: 'gentle', retries: [{ after: '2d', notify: true }, { after: '5d', notify: true }], final_action: 'unpaid', grace_days: 7, allowed_hours: { from: '09:00', to: '21:00' } } })],
  ['policies.list', () => ({ query: '?final_action=unpaid' })],
  ['policies.get', () => ({ path: { id: 'gentle' } })],
  ['policies.update', () => ({ path: { id: 'gentle' }, body: { grace_days: 10 } })],
  ['plans.create', () => ({ body: { code: 'tea', name: 'Tea club', amount: 3900, currency: 'CNY', interval: 'month', description: 'A tin of tea a month', dunning_policy: 'gentle' } })],
  ['plans.list', () => ({ query: '?code=tea' })],
  ['plans.get', () => ({ path: { id: 'tea' } })],
  ['plans.update', () => ({ path: { id: 'tea' }, body: { name: 'The tea club' } })],
  ['plans.addVersion', () => ({ path: { id: 'tea' }, body: { amount: 4200 } })],
  ['testClocks.create', () => ({ body: { now: NOW } })],
  ['testClocks.list', () => ({ query: '?status=ready' })],
  ['testClocks.get', idOf('testClocks.create')],
  ['customers.create', ({ answers }) => ({ body: { email: 'li@example.com', name: 'Li Na', locale: 'en', external_id: 'shop-4711', test_clock: answers['testClocks.create'].id } })],
  ['customers.list', () => ({ query: '?email=li@example.com' })],
  ['customers.get', idOf('customers.create')],
  ['customers.update', ({ answers }) => ({ path: { id: answers['customers.create'].id }, body: { phone: '+86 138 0013 8000' } })],
  ['subscriptions.create', ({ answers }) => ({ body: { customer: answers['customers.create'].id, plan: 'tea', terminal_type: 'WEB', ...URLS, metadata: { order: '4711' } } })],
  ['subscriptions.get', idOf('subscriptions.create')],
  ['subscriptions.list', async (story) => {
    await story.world.pay(await begun(story));
    return { query: '?status=active' };
  }],
  ['testClocks.advance', ({ answers }) => ({ path: { id: answers['testClocks.create'].id }, body: { to: '2026-04-01T00:00:00Z' } })],
  ['subscriptions.upcomingInvoice', async (story) => {
    await story.world.settle();
    return aboutFirst()(story);
  }],
  ['subscriptions.timeline', aboutFirst({ query: '?type=invoice.*' })],
  ['subscriptions.update', aboutFirst({ body: { metadata: { order: '4712' } } })],
  ['subscriptions.cancel', aboutFirst({ body: { at: 'period_end', reason: 'moves abroad' } })],
  ['subscriptions.uncancel', aboutFirst({ body: {} })],
  ['subscriptions.pause', aboutFirst({ body: { resumes_at: '2026-06-01T00:00:00Z' } })],
  ['subscriptions.resume', aboutFirst({ body: {} })],
  ['invoices.list', (story) => ({ query: `?subscription=${first(story)}&status=paid` })],
  ['invoices.get', (story) => listed(story, `/v1/invoices?status=paid&subscription=${first(story)}`)],
  ['charges.list', () => ({ query: '?status=captured' })],
  ['charges.get', (story) => listed(story, '/v1/charges?status=captured')],
  ['charges.reconcile', (story) => listed(story, '/v1/charges?status=captured', {})],
  ['refunds.create', async (story) => ({ ...(await listed(story, '/v1/charges?status=captured')), body: { amount: 100, reason: 'one cup was cold' } })],
  ['refunds.list', async ({ world }) => {
    await world.settle();
    return { query: '?status=succeeded' };
  }],
  ['refunds.get', idOf('refunds.create')],
  ['subscriptions.openCheckout', aboutFirst({ body: { terminal_type: 'WAP', os_type: 'IOS', ...URLS } })],
  ['invoices.pay', async (story) => {
    await fallPastDue(story);
    return openInvoice(1)(story);
  }],
  ['invoices.void', openInvoice(2)],
  ['invoices.markUncollectible', openInvoice(3)],
  ['messages.list', () => ({ query: '?name=payment_failed' })],
  ['messages.get', (story) => listed(story, '/v1/messages?name=payment_failed')],
  ['pay.look', async (story) => ({ path: { token: await payToken(story) } })],
  ['pay.pay', async (story) => ({ path: { token: await payToken(story) } })],
  ['messageTemplates.put', () => ({ path: { name: 'receipt', locale: 'en' }, body: { subject: 'Thank you, {{customer_name}}', text: 'We have received {{amount}}.' } })],
  ['messageTemplates.get', () => ({ path: { name: 'receipt', locale: 'en' } })],
  ['messageTemplates.list', nothing],
  ['messageTemplates.switch', () => ({ path: { name: 'receipt' }, body: { active: false } })],
  ['messageTemplates.remove', () => ({ path: { name: 'receipt', locale: 'en' } })],
  ['events.list', (story) => ({ query: `?subject=${first(story)}&limit=2` })],
  ['events.get', (story) => listed(story, `/v1/events?type=subscription.renewed`)],
  ['webhookEndpoints.list', () => ({ query: '?active=true' })],
  ['webhookEndpoints.get', idOf('webhookEndpoints.create')],
  ['webhookEndpoints.update', ({ answers }) => ({ path: { id: answers['webhookEndpoints.create'].id }, body: { events: ['*'] } })],
  ['webhookEndpoints.listDeliveries', ({ answers }) => ({ path: { id: answers['webhookEndpoints.create'].id }, query: '?status=delivered&limit=2' })],
  ['webhookDeliveries.get', ({ answers }) => ({ path: { id: answers['webhookEndpoints.listDeliveries'].data[0].id } })],
  ['webhookDeliveries.redeliver', ({ answers }) => ({ path: { id: answers['webhookEndpoints.listDeliveries'].data[0].id }, body: {} })],
  ['webhookEndpoints.test', ({ answers }) => ({ path: { id: answers['webhookEndpoints.create'].id }, body: {} })],
  ['webhookEndpoints.replay', ({ answers }) => ({ path: { id: answers['webhookEndpoints.create'].id }, body: { from: '2026-02-01T00:00:00Z', to: NOW } })],
  ['webhookEndpoints.rotateSecret', ({ answers }) => ({ path: { id: answers['webhookEndpoints.create'].id }, body: {} })],
  ['webhookEndpoints.remove', idOf('webhookEndpoints.create')],
  ['parked.list', async ({ world, answers }) => {
    await world.app.get(Parking).alert(answers['charges.get'].id, 'the amount is not the one that was asked for');
    return { query: '?kind=charge' };
  }],
  ['parked.get', ({ answers }) => ({ path: { id: answers['parked.list'].data[0].id } })],
  ['parked.release', ({ answers }) => ({ path: { id: answers['parked.list'].data[0].id }, body: {} })],
  ['quarantine.get', nothing],
  ['quarantine.release', () => ({ body: {} })],
  ['reports.reconcile', () => ({ query: '?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z' })],
  ['reports.recover', () => ({ query: '?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z&interval=month' })],
  ['audit.list', () => ({ query: '?method=PATCH' })],
  ['audit.get', (story) => listed(story, '/v1/audit_log?method=PATCH')],
  ['customers.remove', async ({ world }) => ({ path: { id: (await world.post('/v1/customers', { name: 'Nobody' }))['id'] } })],
  ['testClocks.remove', async ({ world }) => ({ path: { id: (await world.post('/v1/test_clocks', { now: NOW }))['id'] } })],
];

async function begun({ answers, lives }: Story): Promise<string> {
  const sold = answers['subscriptions.create'] as { id: string; customer: string };
  lives.push({ clock: answers['testClocks.create'].id, customer: sold.customer, subscription: sold.id, email: 'li@example.com' });
  return sold.id;
}

/** Three more wallets that are empty when they are charged again. */
async function fallPastDue({ world, lives }: Story): Promise<void> {
  for (const name of ['bo', 'chen', 'dan']) {
    const clock = await world.post('/v1/test_clocks', { now: NOW });
    const email = `${name}@example.com`;
    const customer = await world.post('/v1/customers', { email, locale: 'en', test_clock: clock['id'] });
    const sold = await world.post('/v1/subscriptions', { customer: customer['id'], plan: 'tea', terminal_type: 'WEB', ...URLS });
    const life = { clock: clock['id'], customer: customer['id'], subscription: sold['id'], email };
    await world.pay(life.subscription);
    await wallet(world, life, { outcome: 'decline', response_code: '20051' });
    await world.advance(life.clock, '2026-04-01T02:00:00Z');
    lives.push(life);
  }
}

/** What the link carries that the customer was sent whose invoice was tried once more, and is still open. */
async function payToken({ world, lives }: Story): Promise<string> {
  await world.settle();
  const [message] = await world.list(`/v1/messages?name=payment_failed&customer=${(lives[1] as Life).customer}`);
  return /\/pay\/([\w.~-]+)/.exec(message?.text ?? '')?.[1] ?? '';
}
