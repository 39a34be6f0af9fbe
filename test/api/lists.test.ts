import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World } from '../support/world.js';
import { expectProblem, INVALID, nobody, send, TEA, WEB } from './outsider.js';

type Json = Record<string, any>;

const DAY = 86_400_000;
const LISTS = ['plans', 'dunning_policies', 'customers', 'subscriptions', 'invoices', 'charges', 'refunds', 'events', 'messages', 'webhook_endpoints', 'test_clocks'];

let world: World;
beforeAll(async () => {
  world = await World.open({ now: '2026-03-01T00:00:00Z' });
  await world.post('/v1/plans', TEA);
  await world.post('/v1/dunning_policies', { code: 'patient' });
  await world.post('/v1/plans', { ...TEA, code: 'coffee', active: false });
  for (let i = 1; i <= 4; i += 1) {
    const clock = await world.post('/v1/test_clocks', { now: `2026-01-0${i}T04:00:00Z` });
    const who = { email: `li${i}@example.com`, external_id: `A/${i}`, locale: i === 1 ? ('en' as const) : ('zh-CN' as const), country: i === 1 ? 'HK' : 'CN', test_clock: clock.id };
    const customer = await world.post('/v1/customers', who);
    // The third is on a free trial, the fourth has yet to pay.
    const sold = await world.post('/v1/subscriptions', { customer: customer.id, plan: 'tea', ...WEB, ...(i === 3 && { trial_days: 7 }) });
    if (i <= 2) await world.pay(sold.id);
    if (i === 2) await world.post(`/v1/subscriptions/${sold.id}/pause`, { resumes_at: '2026-03-01T00:00:00Z' });
  }
  const [, , , first] = await world.list('/v1/subscriptions');
  await world.post(`/v1/subscriptions/${first?.['id']}/cancel`, { at: 'now' });
  const gone = await world.post('/v1/customers', { email: 'zhao@example.com' });
  const { id: unpaid } = await world.post('/v1/subscriptions', { customer: gone.id, plan: 'tea', ...WEB });
  await world.post(`/v1/subscriptions/${unpaid}/cancel`, { at: 'now' });
  const { id } = await world.post('/v1/customers', { email: 'wang@example.com' });
  await world.post('/v1/plans', { ...TEA, code: 'daily', interval: 'day' });
  const owing = await world.post('/v1/subscriptions', { customer: id, plan: 'daily', ...WEB });
  await world.pay(owing.id);
  await world.control('POST', '/wallets/wang@example.com/behaviour', { outcome: 'decline', response_code: '20051' });
  await world.pass(DAY);
  const captured = await world.list('/v1/charges?status=captured');
  for (const [i, { id: charge }] of captured.entries()) await world.post(`/v1/charges/${charge}/refunds`, { amount: 100 + i });
  await world.settle();
  // The last one is still on its way.
  await world.control('POST', '/faults', { type: 'refund_slow', params: {}, match: {} });
  await world.post(`/v1/charges/${captured[0]?.['id']}/refunds`, { amount: 7 });
  await world.settle();
  const [due, second] = await world.list('/v1/messages');
  await world.database.query('alter table messages disable trigger message_guard');
  await world.database.query(`update messages set status = 'pending', next_attempt_at = created_at + interval '1 hour' where id = $1`, [due?.['id']]);
  await world.database.query(`insert into message_wordings values ('a digest', 'A', 'B', null)`);
  await world.database.query(`update messages set status = 'sent', wording = 'a digest', sent_at = created_at + interval '1 hour' where id = $1`, [second?.['id']]);
  await world.database.query('alter table messages enable trigger message_guard');
  for (const shop of ['a', 'b', 'c']) await world.post('/v1/webhook_endpoints', { url: `https://${shop}.example/`, active: false });
  await world.database.query(
    `update webhook_endpoints set failing_since = created_at, disabled_at = created_at + interval '5 days', disabled_reason = 'failing' where url ~ 'a.example'`,
  );
  await world.database.query(`update webhook_endpoints set active = true, failing_since = created_at + interval '1 hour' where url ~ 'b.example'`);
  await world.database.query(`update charges set verified_at = settled_at where status = 'captured'`);
});
afterAll(() => world.close());

describe.each(LISTS)('%s: parameters that are refused, and named', (list) => {
  test.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=1e1', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=%00', 'limit'],
    ['limit=١', 'limit'],
    ['limit=99999999999999999999', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['limit[]=1', 'limit[]'],
    ['limit[gte]=1', 'limit[gte]'],
    ['cursor=', 'cursor'],
    ['cursor=abc', 'cursor'],
    ['cursor=%00', 'cursor'],
    ['cursor=%F0%9F%98%80', 'cursor'],
    [`cursor=${nobody('key')}`, 'cursor'],
    [`cursor=${Buffer.from(nobody('key')).toString('base64url')}`, 'cursor'],
    [`cursor=${'x'.repeat(5_000)}`, 'cursor'],
    ['colour=red', 'colour'],
    ['Limit=1', 'Limit'],
    ['page=2', 'page'],
    ['offset=20', 'offset'],
    ['__proto__=1', '__proto__'],
    ['constructor=1', 'constructor'],
    ['toString[gte]=1', 'toString[gte]'],
    ['[]=1', '[]'],
    ['=1', ''],
    ['%=1', '%'],
    ['created_at=yesterday', 'created_at'],
    ['created_at[gte]=', 'created_at[gte]'],
    ['created_at[gte]=2026-02-30T00:00:00Z', 'created_at[gte]'],
    ['created_at[gte]=2026-01-01', 'created_at[gte]'],
    ['created_at[gte]=1767225600', 'created_at[gte]'],
    ['created_at[gte]=9999-12-31T23:59:59-23:59', 'created_at[gte]'],
    ['created_at[ne]=2026-01-01T00:00:00Z', 'created_at[ne]'],
    ['created_at[__proto__]=2026-01-01T00:00:00Z', 'created_at[__proto__]'],
    ['created_at[toString]=2026-01-01T00:00:00Z', 'created_at[toString]'],
    ['created_at[]=2026-01-01T00:00:00Z', 'created_at[]'],
    ['created_at[gte][lt]=2026-01-01T00:00:00Z', 'created_at[gte][lt]'],
    ['created_at[gte]=2026-01-01T00:00:00Z&created_at[gte]=2026-01-02T00:00:00Z', 'created_at[gte]'],
    ["id'%20or%201=1--=1", "id' or 1"],
  ])('%s', async (query, path) => {
    expectProblem(await send(world, 'get', `/v1/${list}?${query}`), { ...INVALID, paths: [path] });
  });

  test('all of them at once', async () => {
    const response = await send(world, 'get', `/v1/${list}?limit=0&cursor=x&colour=red&created_at[lt]=x`);
    expectProblem(response, { ...INVALID, paths: ['limit', 'cursor', 'colour', 'created_at[lt]'] });
  });

  test('pages follow each other, newest first, and end', async () => {
    const all = await world.get(`/v1/${list}?limit=100`);
    expect(all).toEqual({ data: expect.any(Array), has_more: false, next_cursor: null });
    const ids = (all['data'] as Json[]).map((item) => item['id'] as string);
    expect(ids).toEqual(ids.toSorted().toReversed());
    const walked: string[] = [];
    for (let page: Json = { next_cursor: '', has_more: true }; page['has_more']; ) {
      const cursor: string = page['next_cursor'] === '' ? '' : `&cursor=${page['next_cursor']}`;
      page = await world.get(`/v1/${list}?limit=1${cursor}`);
      expect(page['data']).toHaveLength(1);
      expect(page['has_more']).toBe(page['next_cursor'] !== null);
      walked.push(page['data'][0].id);
    }
    expect(walked).toEqual(ids);
  });

  test('a cursor that was tampered with is none', async () => {
    const { next_cursor: cursor } = await world.get(`/v1/${list}?limit=1`);
    for (const bad of [`${cursor}x`, `${cursor}=`, `%20${cursor}`, cursor.slice(0, -4), cursor.toLowerCase()]) {
      expectProblem(await send(world, 'get', `/v1/${list}?cursor=${bad}`), { ...INVALID, paths: ['cursor'] });
    }
  });
});

/** For every list the fields that it can be filtered by; dates also by what lies before and after. */
const FILTERS: Record<string, readonly string[]> = {
  plans: ['code', 'active', 'dunning_policy', 'created_at', 'updated_at'],
  customers: ['email', 'external_id', 'locale', 'country', 'test_clock', 'created_at', 'updated_at'],
  subscriptions: [
    'status', 'past_due_class', 'customer', 'plan', 'latest_invoice', 'test_clock', 'cancel_at_period_end', 'current_period.start', 'current_period.end',
    'billing_anchor', 'next_charge_at', 'trial_end', 'access_until', 'canceled_at', 'paused_at', 'resumes_at', 'created_at', 'updated_at',
  ],
  invoices: [
    'number', 'customer', 'subscription', 'status', 'currency', 'period_no', 'period.start', 'period.end', 'next_attempt_at', 'paid_at',
    'void_reason', 'created_at', 'updated_at',
  ],
  charges: [
    'invoice', 'customer', 'subscription', 'kind', 'trigger', 'status', 'decline_class', 'currency', 'surplus', 'reference', 'gateway_payment_id', 'source',
    'requested_at', 'settled_at', 'next_check_at', 'verified_at', 'created_at', 'updated_at',
  ],
  refunds: [
    'charge', 'customer', 'subscription', 'status', 'cause', 'currency', 'reference', 'gateway_payment_id', 'gateway_action_id',
    'requested_at', 'settled_at', 'next_check_at', 'created_at', 'updated_at',
  ],
  events: ['type', 'subject', 'created_at', 'updated_at'],
  messages: [
    'customer', 'subscription', 'invoice', 'event', 'name', 'status', 'locale', 'recipient', 'next_attempt_at', 'sent_at', 'created_at', 'updated_at',
  ],
  dunning_policies: ['code', 'final_action', 'created_at', 'updated_at'],
  webhook_endpoints: ['url', 'active', 'failing_since', 'disabled_at', 'created_at', 'updated_at'],
  test_clocks: ['status', 'now', 'created_at', 'updated_at'],
};

const TIME = /^\d{4}-\d{2}-\d{2}T/;
type Plain = string | number | boolean | null;
const read = (item: Json, path: string): Plain => path.split('.').reduce<any>((value, key) => value?.[key] ?? null, item) as Plain;

describe.each(Object.entries(FILTERS))('%s can be filtered', (list, fields) => {
  test.each(fields)('by %s: what is found is exactly what has that value', async (field) => {
    const all = await world.list(`/v1/${list}?limit=100`);
    const values = new Set(all.map((item) => read(item, field)).filter((value) => value !== null));
    expect(values.size, `something has a ${field}`).toBeGreaterThan(0);
    for (const value of values) {
      const query = (operator: string) => `/v1/${list}?limit=100&${field}${operator}=${encodeURIComponent(String(value))}`;
      expect(await world.list(query(''))).toEqual(all.filter((item) => read(item, field) === value));
      if (!TIME.test(String(value))) continue;
      const known = all.filter((item) => read(item, field) !== null);
      const from = known.filter((item) => String(read(item, field)) >= String(value));
      expect(await world.list(query('[gte]'))).toEqual(from);
      expect(await world.list(query('[lt]'))).toEqual(known.filter((item) => !from.includes(item)));
    }
  });
});

test('a subscription is found by its wallet', async () => {
  const all = await world.list('/v1/subscriptions');
  const sources = all.map((item) => read(item, 'source.id')).filter((source) => source !== null);
  expect(sources.length).toBeGreaterThan(2);
  for (const source of sources) {
    expect(await world.list(`/v1/subscriptions?source=${source}`)).toEqual(all.filter((item) => read(item, 'source.id') === source));
  }
});

test('what has a code is asked for by its id or its code', async () => {
  for (const [list, field, catalogue] of [['subscriptions', 'plan', 'plans'], ['plans', 'dunning_policy', 'dunning_policies']] as const) {
    const all = await world.list(`/v1/${list}?limit=100`);
    let found = 0;
    for (const { id, code } of await world.list(`/v1/${catalogue}?limit=100`)) {
      const expected = all.filter((item) => [id, code].includes(item[field]));
      found += expected.length;
      for (const name of [id, code]) expect(await world.list(`/v1/${list}?limit=100&${field}=${name}`), name).toEqual(expected);
    }
    expect(found).toBe(all.length);
    expect(await world.list(`/v1/${list}?${field}=nothing-has-this-code`)).toEqual([]);
  }
});

test('events are found by groups of their types', async () => {
  const all = await world.list('/v1/events?limit=100');
  for (const group of ['invoice', 'plan', 'subscription', 'engine']) {
    expect(await world.list(`/v1/events?limit=100&type=${group}.*`)).toEqual(all.filter((event) => event['type'].startsWith(`${group}.`)));
  }
});

test('filters add up, and narrow what is paged', async () => {
  const [newest] = await world.list('/v1/events');
  const query = `subject=${newest?.['subject']}&created_at[gte]=2026-01-01T00:00:00%2B08:00&created_at[lt]=2027-01-01T00:00:00Z`;
  const page = await world.get(`/v1/events?${query}&limit=2`);
  expect(page['data']).toHaveLength(2);
  const next = await world.get(`/v1/events?${query}&limit=100&cursor=${page['next_cursor']}`);
  for (const event of next['data'] as Json[]) expect(event['subject']).toBe(newest?.['subject']);
});

test.each([
  ['subscriptions', 'customer=li'], ['subscriptions', `customer=${nobody('plan')}`], ['subscriptions', 'status=running'],
  ['subscriptions', 'status='], ['subscriptions', 'cancel_at_period_end=1'], ['subscriptions', 'plan=%00'], ['subscriptions', `plan=${nobody('cust')}`], ['plans', `dunning_policy=${nobody('plan')}`], ['charges', 'kind=toString'],
  ['charges', 'status=captured,declined'], ['charges', 'reference=%00'], ['charges', 'surplus=TRUE'], ['invoices', 'period_no=2147483648'],
  ['invoices', 'period_no=-1'], ['invoices', 'period_no=1e1'], ['invoices', 'subscription=*'], ['events', 'type=tea.*'], ['events', 'type=*'], ['events', 'type=plan.c*'], ['events', 'type=.*'], ['charges', 'status=cap.*'], ['events', 'subject='],
  ['customers', `email=${'x'.repeat(256)}`], ['customers', 'email[gte]=a'], ['customers', 'locale=fr'], ['plans', 'active=yes'], ['test_clocks', 'status=late'],
  ['webhook_endpoints', 'active=1'], ['webhook_endpoints', 'url='], ['webhook_endpoints', 'secret=whsec_'], ['messages', 'name=hello'], ['messages', 'status=lost'], ['messages', `subscription=${nobody('inv')}`], ['messages', 'event=*'], ['messages', 'recipient=%00'],
])('%s?%s is refused', async (list, query) => {
  const path = query.slice(0, query.indexOf('='));
  expectProblem(await send(world, 'get', `/v1/${list}?${query}`), { ...INVALID, paths: [path] });
});

test('pages are stable while rows are inserted between them', async () => {
  const before = (await world.list('/v1/customers?limit=100')).map((item) => item['id']);
  const seen: string[] = [];
  let cursor = '';
  do {
    const page = await world.get(`/v1/customers?limit=2${cursor}`);
    seen.push(...(page['data'] as Json[]).map((item) => item['id']));
    cursor = page['next_cursor'] === null ? '' : `&cursor=${page['next_cursor']}`;
    await world.post('/v1/customers', {});
  } while (cursor !== '');
  expect(seen).toEqual(before);
});

test('20 at once unless asked otherwise, 100 at most', async () => {
  for (let i = 0; i < 100; i += 1) await world.post('/v1/customers', {});
  expect(await world.list('/v1/customers')).toHaveLength(20);
  expect(await world.list('/v1/customers?limit=100')).toHaveLength(100);
});
