import Checkout from 'checkout-sdk-node';
import { expect, test } from 'vitest';
import { KEY, redirectBody, send, startWorld, storedBody } from './support.js';

/** Drives the official client, which knows nothing of this sandbox. */
function client(host: string, options: object = {}, key = KEY): any {
  return new (Checkout as any)(key, { host, ...options });
}

test('the official client sets up, charges, reads, lists and refunds', async () => {
  const world = await startWorld();
  const checkout = client(world.sandbox.url);
  const setUp = await checkout.payments.request(redirectBody('Recurring'), 'setup-1');
  expect(setUp).toMatchObject({ status: 'Pending', source: { type: 'alipay_cn' }, requiresRedirect: true, redirectLink: expect.stringContaining('/pay/sid_') });
  await send(setUp.redirectLink, 'POST', {}, 'choice=approve');
  await world.live(10);
  const body = storedBody(setUp.source.id);
  const charge = await checkout.payments.request(body, 'charge-1');
  expect((await checkout.payments.request(body, 'charge-1')).id).toBe(charge.id);
  await world.live(10);
  expect(await checkout.payments.get(charge.id)).toMatchObject({ status: 'Captured', approved: true });
  expect(await checkout.payments.getPaymentList({ reference: body['reference'], limit: 1 })).toMatchObject({ total_count: 1, data: [{ id: charge.id }] });
  const refund = await checkout.payments.refund(charge.id, { amount: 900, reference: 'RF' }, 'refund-1');
  expect((await checkout.payments.refund(charge.id, { amount: 900, reference: 'RF' }, 'refund-1')).action_id).toBe(refund.action_id);
  await world.live(20);
  const actions = await checkout.payments.getActions(charge.id);
  expect(actions.map(({ type }: any) => type)).toEqual(['Refund', 'Capture', 'Authorization']);
  expect((await world.book()).CNY).toMatchObject({ captured: 6000, refunded: 900 });
});

test('the official client names our refusals as it names those of the real gateway', async () => {
  const world = await startWorld();
  const checkout = client(world.sandbox.url);
  const id = await world.captured();
  const refusals: [() => Promise<unknown>, string, number][] = [
    [() => checkout.payments.request({ ...redirectBody('Recurring'), reference: undefined }), 'ValidationError', 422],
    [() => checkout.payments.get(`pay_${'a'.repeat(26)}`), 'NotFoundError', 404],
    [() => checkout.payments.void(id, {}), 'ActionNotAllowed', 403],
    [() => client(world.sandbox.url, {}, `sk_${'a'.repeat(27)}`).payments.get(id), 'AuthenticationError', 401],
  ];
  for (const [call, name, code] of refusals) await expect(call()).rejects.toMatchObject({ name, http_code: code });
  await world.arm('rate_limited', {}, { times: 1 });
  await expect(checkout.payments.get(id)).rejects.toMatchObject({ name: 'TooManyRequestsError', http_code: 429 });
});

test('the official client’s OAuth flow works against the token endpoint', async () => {
  const world = await startWorld();
  const checkout = client(world.sandbox.url, { client: 'ack_test', scope: ['gateway'] }, 'a-secret');
  // The client never asks a custom host for tokens, so it is told where to go.
  checkout.config.environment = { getOAuthAuthorizationApi: () => `${world.sandbox.url}/connect/token` };
  const setUp = await checkout.payments.request(redirectBody('Recurring'));
  expect((await checkout.payments.get(setUp.id)).id).toBe(setUp.id);
});

test('tokens: form, scopes, life and the configured client', async () => {
  const world = await startWorld({ client: { id: 'ack_mine', secret: 's3cret' } });
  const form = (fields: Record<string, string>, headers: Record<string, string> = {}): ReturnType<typeof send> => send(`${world.sandbox.url}/connect/token`, 'POST', { 'content-type': 'application/x-www-form-urlencoded', ...headers }, new URLSearchParams(fields).toString());
  const grant = { grant_type: 'client_credentials', client_id: 'ack_mine', client_secret: 's3cret' };
  const granted = await form({ ...grant, scope: 'gateway:payment-details' });
  expect(granted).toMatchObject({ status: 200, body: { access_token: expect.any(String), token_type: 'Bearer', expires_in: 3600 } });
  expect(await form({ ...grant, client_secret: 'wrong' })).toMatchObject({ status: 400, body: { error: 'invalid_client' } });
  expect(await form({ ...grant, grant_type: 'password' })).toMatchObject({ status: 400 });
  expect((await form({ grant_type: 'client_credentials' }, { authorization: `Basic ${Buffer.from('ack_mine:s3cret').toString('base64')}` })).status).toBe(200);
  const headers = { authorization: `Bearer ${granted.body.access_token}` };
  expect((await world.call('GET', '/payments?reference=x', { headers })).status).toBe(200);
  expect((await world.call('POST', '/payments', { headers, body: redirectBody('Recurring') })).status).toBe(403);
  await world.live(3600);
  expect(await world.call('GET', '/payments?reference=x', { headers })).toMatchObject({ status: 401, text: '' });
});
