import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/platform/ids/ids.js';
import { sellAndPay, wallet } from '../support/story.js';
import { World } from '../support/world.js';
import { expectProblem, INVALID, type Method, nobody, send, TEA, WEB } from './outsider.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

type Entry = Record<string, any>;

/** The only line that this call has added. */
async function lineOf(method: Method, path: string, body?: object): Promise<Entry> {
  const before = (await world.list('/v1/audit_log?limit=1'))[0]?.id;
  const response = await send(world, method, path, { ...(body && { body }), headers: { 'x-request-id': 'the-request' } });
  expect(response.status, response.text).toBeLessThan(300);
  const [line, previous] = await world.list('/v1/audit_log?limit=2');
  expect(previous?.id).toBe(before);
  expect(line).toMatchObject({ object: 'audit_entry', method: method.toUpperCase(), path, request_id: 'the-request', status: response.status });
  expect(line?.api_key).toEqual({ id: expect.stringMatching(/^key_/), name: 'bootstrap' });
  return { ...line, answer: response.body };
}

describe('one line for each kind of write', () => {
  test('plans', async () => {
    const made = await lineOf('post', '/v1/plans', TEA);
    expect(made).toMatchObject({ route: '/v1/plans', resource: made.answer.id, before: null, after: { code: 'tea', amount: 3900, name: 'Tea club' } });
    expect(await lineOf('patch', '/v1/plans/tea', { name: 'Tea' })).toMatchObject({
      route: '/v1/plans/:id', resource: made.answer.id, before: { name: 'Tea club' }, after: { name: 'Tea' },
    });
    expect(await lineOf('post', '/v1/plans/tea/versions', { amount: 4900 })).toMatchObject({
      resource: made.answer.id, before: { version: 1 }, after: { version: 2, amount: 4900 },
    });
    // Nothing was changed, but somebody asked, and was told that all is well.
    expect(await lineOf('patch', '/v1/plans/tea', {})).toMatchObject({ before: null, after: null });
  });

  test('dunning policies', async () => {
    const made = await lineOf('post', '/v1/dunning_policies', { code: 'gentle', grace_days: 5 });
    expect(made).toMatchObject({ resource: made.answer.id, before: null, after: { code: 'gentle', grace_days: 5 } });
    expect(await lineOf('patch', '/v1/dunning_policies/gentle', { grace_days: 6 })).toMatchObject({
      resource: made.answer.id, before: { grace_days: 5 }, after: { grace_days: 6 },
    });
  });

  test('customers, without what is personal', async () => {
    const made = await lineOf('post', '/v1/customers', { email: 'li@example.com', name: 'Li Na', phone: '+8613800000000', metadata: { a: 'private' } });
    const { id } = made.answer;
    expect(made).toMatchObject({ resource: id, before: null, after: { id, email: '[redacted]', name: '[redacted]', phone: '[redacted]', external_id: null } });
    expect(await lineOf('patch', `/v1/customers/${id}`, { email: 'na@example.com', country: 'CN' })).toMatchObject({
      resource: id, before: { email: '[redacted]', country: null }, after: { country: 'CN' },
    });
    expect(await lineOf('delete', `/v1/customers/${id}`)).toMatchObject({ resource: id, before: { id, country: 'CN' }, after: null, status: 204 });
    expect(JSON.stringify(await world.database.query('select * from audit_log'))).not.toMatch(/example\.com|Li Na|1380000|private/);
  });

  test('subscriptions, charges and refunds', async () => {
    const { id: customer } = await world.post('/v1/customers', { email: 'sold@example.com' });
    const sold = await lineOf('post', '/v1/subscriptions', { customer, plan: 'tea', ...WEB });
    expect(sold).toMatchObject({ resource: sold.answer.id, before: null, after: { customer, status: 'incomplete' } });
    const checkout = await lineOf('post', `/v1/subscriptions/${sold.answer.id}/checkout`, WEB);
    expect(checkout).toMatchObject({ route: '/v1/subscriptions/:id/checkout', resource: sold.answer.id });
    const { subscription } = await sellAndPay(world, 'tea', '2026-01-31T04:00:00Z');
    const line = async (action: string, body: object) => {
      const entry = await lineOf('post', `/v1/subscriptions/${subscription}/${action}`, body);
      expect(entry).toMatchObject({ resource: subscription, after: { id: subscription } });
      return entry;
    };
    expect(await lineOf('patch', `/v1/subscriptions/${subscription}`, { metadata: { secret: 'not for the log' } })).toMatchObject({
      resource: subscription, before: { metadata: '[redacted]' }, after: { metadata: '[redacted]' },
    });
    expect(await line('cancel', { at: 'period_end' })).toMatchObject({ before: { cancel_at_period_end: false }, after: { cancel_at_period_end: true } });
    expect(await line('uncancel', {})).toMatchObject({ before: { cancel_at_period_end: true }, after: { cancel_at_period_end: false } });
    expect(await line('pause', {})).toMatchObject({ after: { status: 'paused' } });
    expect(await line('resume', {})).toMatchObject({ after: { status: 'active' } });
    const [charge] = await world.list(`/v1/charges?subscription=${subscription}`);
    const refund = await lineOf('post', `/v1/charges/${charge?.id}/refunds`, { amount: 100 });
    expect(refund).toMatchObject({ route: '/v1/charges/:id/refunds', resource: refund.answer.id, before: null, after: { amount: 100, charge: charge?.id } });
    expect(await lineOf('post', `/v1/charges/${charge?.id}/reconcile`)).toMatchObject({ resource: charge?.id });
    expect(JSON.stringify(await world.database.query('select * from audit_log'))).not.toMatch(/src_|not for the log/);
  });

  test('invoices', async () => {
    for (const [action, status] of [['void', 'void'], ['mark_uncollectible', 'uncollectible']]) {
      const life = await sellAndPay(world, 'tea', '2026-01-31T04:00:00Z');
      await wallet(world, life, { outcome: 'decline', response_code: '20051' });
      await world.advance(life.clock, '2026-02-28T05:00:00Z');
      const [invoice] = await world.list(`/v1/invoices?subscription=${life.subscription}&status=open`);
      const line = await lineOf('post', `/v1/invoices/${invoice?.id}/${action}`);
      expect(line).toMatchObject({ resource: invoice?.id, after: { id: invoice?.id, status } });
    }
  });

  test('clocks, keys, templates and what operators do', async () => {
    const clock = await lineOf('post', '/v1/test_clocks', { now: '2026-01-01T00:00:00Z' });
    const { id } = clock.answer;
    expect(clock).toMatchObject({ resource: id, before: null, after: { now: '2026-01-01T00:00:00.000Z' } });
    expect(await lineOf('post', `/v1/test_clocks/${id}/advance`, { to: '2026-01-02T00:00:00Z' })).toMatchObject({
      resource: id, before: { status: 'ready' }, after: { status: 'advancing', to: '2026-01-02T00:00:00.000Z' }, status: 202,
    });
    expect(await lineOf('delete', `/v1/test_clocks/${id}`)).toMatchObject({ resource: id, before: { id }, after: null });
    const key = await lineOf('post', '/v1/api_keys', { name: 'shop', scopes: ['read'] });
    expect(key).toMatchObject({ resource: key.answer.id, before: null, after: { name: 'shop', scopes: ['read'], secret: '[redacted]' } });
    expect(await lineOf('delete', `/v1/api_keys/${key.answer.id}`)).toMatchObject({ resource: key.answer.id, before: { name: 'shop' }, after: null });
    const wording = { subject: 'Paid', text: 'Thank you.' };
    expect(await lineOf('put', '/v1/message_templates/receipt/en', wording)).toMatchObject({ resource: 'receipt/en', after: wording });
    expect(await lineOf('delete', '/v1/message_templates/receipt/en')).toMatchObject({ resource: 'receipt/en', before: wording });
    expect(await lineOf('put', '/v1/message_templates/receipt', { active: false })).toMatchObject({
      resource: 'receipt', before: { active: true }, after: { active: false },
    });
    const parked = newId('park');
    await world.database.query(`insert into parked_rows (id, kind, row_id, error, parked_at) values ($1, 'orphan', 'pay_1', 'nobody', now())`, [parked]);
    expect(await lineOf('post', `/v1/parked/${parked}/release`)).toMatchObject({ resource: parked, before: { released_at: null }, after: { kind: 'orphan' } });
    expect(await lineOf('post', '/v1/quarantine/release')).toMatchObject({ resource: 'engine', before: { active: false }, after: { active: false } });
  });
});

test('what was refused, or only read, leaves none', async () => {
  const count = async () => (await world.database.query<{ n: number }>('select count(*)::int as n from audit_log'))[0]?.n;
  const before = await count();
  for (const [method, path, body] of [
    ['get', '/v1/plans', undefined],
    ['post', '/v1/plans', TEA],
    ['post', '/v1/customers', { email: 1 }],
    ['delete', `/v1/customers/${nobody('cust')}`, undefined],
  ] as const) {
    await send(world, method, path, { ...(body && { body }) });
  }
  expect(await count()).toBe(before);
});

test('lists and filters', async () => {
  const [line] = await world.list('/v1/audit_log?route=/v1/plans');
  expect(await world.get(`/v1/audit_log/${line?.id}`)).toEqual(line);
  for (const query of [`resource=${line?.resource}`, `api_key=${line?.api_key.id}&method=POST`, 'request_id=the-request', 'created_at[gte]=2026-01-01T00:00:00Z']) {
    expect((await world.list(`/v1/audit_log?limit=100&${query}`)).map(({ id }) => id), query).toContain(line?.id);
  }
  expect(await world.list('/v1/audit_log?method=PUT&route=/v1/plans')).toEqual([]);
  for (const query of ['method=GET', 'api_key=x', 'who=me', 'cursor=x']) {
    expectProblem(await send(world, 'get', `/v1/audit_log?${query}`), { ...INVALID, paths: [query.split('=')[0] as string] });
  }
  expectProblem(await send(world, 'get', `/v1/audit_log/${nobody('aud')}`), { status: 404, code: 'audit_entry_not_found' });
});

test.each(["update audit_log set method = 'PUT'", 'delete from audit_log', 'truncate audit_log'])('nothing in it is changed: %s', async (sql) => {
  await expect(world.database.query(sql)).rejects.toThrow(/append-only/);
});
