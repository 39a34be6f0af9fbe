import { expect, test } from 'vitest';
import { redirectBody, startWorld } from './support.js';

const ID = (prefix: string): RegExp => new RegExp(`^${prefix}_[a-z2-7]{26}$`);
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/;

test('a one-time payment is accepted with a redirect and no source', async () => {
  const world = await startWorld();
  const body: Record<string, unknown> = { ...redirectBody('Regular'), processing: { terminal_type: 'APP', os_type: 'IOS' } };
  const { status, body: accepted, headers } = await world.call('POST', '/payments', { body });
  expect(status).toBe(202);
  expect(accepted).toEqual({
    id: expect.stringMatching(ID('pay')), status: 'Pending', reference: body['reference'],
    customer: { id: expect.stringMatching(ID('cus')), email: 'li@example.com', name: 'Li Lei' },
    _links: { self: { href: `${world.sandbox.url}/payments/${accepted.id}` }, redirect: { href: expect.stringMatching(/\/pay\/sid_[a-z2-7]{26}$/) } },
  });
  expect(headers['cko-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers['cko-version']).toBeTruthy();
});

test('a recurring set-up tells its source in the first answer, before anybody approved', async () => {
  const world = await startWorld();
  const { status, body } = await world.setUp({ capture: 'true', payment_type: 'recurring' });
  expect(status).toBe(202);
  expect(body.source).toEqual({ id: expect.stringMatching(ID('src')), type: 'alipay_cn' });
  expect(Object.keys(body._links)).toEqual(['self', 'redirect']);
});

test('a stored charge is accepted with its source and a self link only', async () => {
  const world = await startWorld();
  const source = await world.source();
  const { status, body } = await world.charge(source);
  expect(status).toBe(202);
  expect(body.source).toEqual({ id: source, type: 'alipay_cn' });
  expect(body.status).toBe('Pending');
  expect(Object.keys(body._links)).toEqual(['self']);
});

test('a customer is made when none is named, and the same e-mail is the same customer', async () => {
  const world = await startWorld();
  const nobody = await world.setUp({ customer: undefined });
  expect(nobody.body.customer).toEqual({ id: expect.stringMatching(ID('cus')) });
  const [first, again] = [await world.setUp(), await world.setUp()];
  expect(again.body.customer.id).toBe(first.body.customer.id);
  const byId = await world.setUp({ customer: { id: first.body.customer.id } });
  expect(byId.body.customer.email).toBe('li@example.com');
});

test('details before and after the capture', async () => {
  const world = await startWorld();
  const setUp = await world.setUp();
  const pending = await world.details(setUp.body.id);
  expect(pending).toMatchObject({ status: 'Pending', approved: false, amount: 1100, currency: 'CNY', payment_type: 'Recurring', balances: { total_captured: 0, available_to_refund: 0 }, processing: { partner_status: 'PROCESSING' } });
  expect(pending.requested_on).toMatch(STAMP);
  expect(pending._links.redirect.href).toBe(setUp.body._links.redirect.href);
  expect((await world.call('GET', `/payments/${setUp.body.id}/actions`)).body).toEqual([]);

  await world.control('POST', `/payments/${setUp.body.id}/approve`);
  await world.live(10);
  const captured = await world.details(setUp.body.id);
  expect(captured).toMatchObject({
    status: 'Captured', approved: true, source: setUp.body.source, metadata: { subscription: 'sub_1', period: 1 }, shipping: { address: { country: 'CN' } },
    balances: { total_authorized: 1100, total_captured: 1100, total_refunded: 0, available_to_refund: 1100, total_voided: 0, available_to_void: 0, available_to_capture: 0 },
  });
  expect(captured).not.toHaveProperty('response_code');
  expect(captured._links).toHaveProperty('refund');
  expect(captured._links).not.toHaveProperty('redirect');
  const { body: actions } = await world.call('GET', `/payments/${setUp.body.id}/actions`);
  expect(actions.map(({ type, approved, response_code: code, amount }: any) => [type, approved, code, amount])).toEqual([['Capture', true, '10000', 1100], ['Authorization', true, '10000', 1100]]);
  expect(actions[0]).toMatchObject({ id: expect.stringMatching(ID('act')), processed_on: expect.stringMatching(STAMP), reference: setUp.body.reference });
});

test('a decline keeps its reason in the actions and in processing', async () => {
  const world = await startWorld();
  const source = await world.source();
  await world.control('POST', `/sources/${source}/behaviour`, { outcome: 'decline', response_code: '20051', times: 1 });
  const { body: charge } = await world.charge(source);
  await world.live(10);
  expect(await world.details(charge.id)).toMatchObject({ status: 'Declined', approved: false, processing: { partner_status: 'FAIL', partner_response_code: 'USER_BALANCE_NOT_ENOUGH', failure_code: '20051' } });
  const { body: actions } = await world.call('GET', `/payments/${charge.id}/actions`);
  expect(actions).toMatchObject([{ type: 'Authorization', approved: false, response_code: '20051', response_summary: 'Insufficient funds' }]);
});

test('a session id finds its payment; unknown ids are 404 without a body', async () => {
  const world = await startWorld();
  const { body } = await world.setUp();
  const sid = body._links.redirect.href.split('/').pop();
  expect((await world.details(sid)).id).toBe(body.id);
  for (const path of [`/payments/pay_${'a'.repeat(26)}`, `/payments/sid_${'a'.repeat(26)}`, `/payments/pay_${'a'.repeat(26)}/actions`, '/nowhere']) {
    expect(await world.call('GET', path)).toMatchObject({ status: 404, text: '' });
  }
});

test('the list finds all payments of a reference, newest first, in pages', async () => {
  const world = await startWorld();
  const source = await world.source();
  const ids: string[] = [];
  for (let i = 0; i < 3; i += 1) ids.unshift((await world.charge(source, { reference: 'SAME' })).body.id);
  const { body } = await world.call('GET', '/payments?reference=SAME');
  expect(body).toMatchObject({ limit: 10, skip: 0, total_count: 3 });
  expect(body.data.map(({ id }: any) => id)).toEqual(ids);
  const page = await world.call('GET', '/payments?reference=SAME&limit=1&skip=1');
  expect(page.body).toMatchObject({ limit: 1, skip: 1, total_count: 3, data: [{ id: ids[1], reference: 'SAME', status: 'Pending' }] });
  expect((await world.call('GET', '/payments?reference=NONE')).body).toEqual({ limit: 10, skip: 0, total_count: 0, data: [] });
  for (const query of ['limit=0', 'limit=101', 'limit=x', 'skip=-1']) expect((await world.call('GET', `/payments?reference=SAME&${query}`)).status).toBe(422);
});

test('an auto-captured wallet knows no voids, captures, authorizations or cancellations', async () => {
  const world = await startWorld();
  const id = await world.captured();
  for (const verb of ['voids', 'captures', 'authorizations', 'cancellations']) {
    expect(await world.call('POST', `/payments/${id}/${verb}`, { body: {} })).toMatchObject({ status: 403, body: { error_type: 'action_not_allowed' } });
    expect((await world.call('POST', `/payments/pay_${'a'.repeat(26)}/${verb}`, { body: {} })).status).toBe(404);
  }
});

test('links may name a host that is not ours, but the redirect stays reachable', async () => {
  const world = await startWorld({ settings: { links_base: 'https://gwc.ckotech.co' } });
  const { body } = await world.setUp();
  expect(body._links.self.href).toBe(`https://gwc.ckotech.co/payments/${body.id}`);
  expect(body._links.redirect.href).toContain(world.sandbox.url);
});
