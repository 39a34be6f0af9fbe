import { describe, expect, test } from 'vitest';
import { KEY, redirectBody, send, startWorld, storedBody } from './support.js';

const without = (...names: string[]): object => Object.fromEntries(names.map((name) => [name, undefined]));
const long = (length: number): string => 'x'.repeat(length);

const REDIRECT: [string, object, string, string?][] = [
  ['no currency', without('currency'), 'currency_required'],
  ['unknown currency', { currency: 'XQZ' }, 'currency_invalid'],
  ['lower-case currency', { currency: 'cny' }, 'currency_invalid'],
  ['no amount', without('amount'), 'amount_invalid'],
  ['zero', { amount: 0 }, 'amount_invalid'],
  ['negative', { amount: -1 }, 'amount_invalid'],
  ['fraction', { amount: 10.5 }, 'amount_invalid'],
  ['text', { amount: '1100' }, 'amount_invalid'],
  ['below the minimum of CNY 0.10', { amount: 9 }, 'amount_invalid'],
  ['no reference', without('reference'), 'reference_invalid', 'invalid_request'],
  ['reference of 81', { reference: long(81) }, 'reference_invalid', 'invalid_request'],
  ['no success_url', without('success_url'), 'success_url_required'],
  ['relative success_url', { success_url: '/ok' }, 'success_url_invalid'],
  ['script as success_url', { success_url: 'javascript:alert(1)' }, 'success_url_invalid'],
  ['success_url of 1025', { success_url: `https://x.test/${long(1010)}` }, 'success_url_invalid'],
  ['bad failure_url', { failure_url: 'nowhere' }, 'fail_url_invalid'],
  ['no channel', without('processing_channel_id'), 'processing_channel_id_required'],
  ['bad channel', { processing_channel_id: 'pc_1' }, 'processing_channel_id_invalid'],
  ['unknown payment type', { payment_type: 'Weekly' }, 'payment_type_invalid'],
  ['a type that wallets do not have', { payment_type: 'MOTO' }, 'payment_type_invalid'],
  ['merchant-initiated although the customer is there', { merchant_initiated: true }, 'payment_type_invalid'],
  ['no terminal type', without('processing'), 'parameter_invalid'],
  ['unknown terminal type', { processing: { terminal_type: 'TV' } }, 'parameter_invalid'],
  ['APP without os_type', { processing: { terminal_type: 'APP' } }, 'parameter_invalid'],
  ['unknown os_type', { processing: { terminal_type: 'WAP', os_type: 'SYMBIAN' } }, 'parameter_invalid'],
  ['manual capture', { capture: false }, 'parameter_invalid'],
  ['capture as a number', { capture: 1 }, 'parameter_invalid'],
  ['21 metadata keys', { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, 'v'])) }, 'metadata_key_invalid'],
  ['metadata value of 256', { metadata: { k: long(256) } }, 'metadata_key_invalid'],
  ['nested metadata', { metadata: { k: {} } }, 'metadata_key_invalid'],
  ['no source', without('source'), 'payment_source_required'],
  ['source without type', { source: {} }, 'source_type_required'],
  ['another method', { source: { type: 'card' } }, 'payment_method_not_supported'],
  ['wallet source with a field', { source: { type: 'alipay_cn', id: 'x' } }, 'source_invalid'],
  ['bad customer id', { customer: { id: 'cus_1' } }, 'customer_id_invalid'],
  ['unknown customer', { customer: { id: `cus_${'a'.repeat(26)}` } }, 'customer_not_found'],
  ['bad e-mail', { customer: { email: 'nobody' } }, 'customer_email_invalid'],
  ['bad country', { shipping: { address: { country: 'China' } } }, 'address_invalid'],
];

describe('a redirect is refused', async () => {
  test.each(REDIRECT)('%s', async (_name, changes, code, errorType = 'request_invalid') => {
    const world = await startWorld();
    const answer = await world.call('POST', '/payments', { body: { ...redirectBody('Recurring'), ...changes } });
    expect(answer).toMatchObject({ status: 422, body: { error_type: errorType, error_codes: [code] } });
    expect(answer.body.request_id).toBe(answer.headers['cko-request-id']);
    expect((await world.control('GET', '/payments')).body.total_count).toBe(0);
  });
});

const STORED: [string, object, string, string?][] = [
  ['source without id', { source: { type: 'id' } }, 'source_id_required'],
  ['malformed source', { source: { type: 'id', id: 'src_1' } }, 'source_id_invalid'],
  ['unknown source', { source: { type: 'id', id: `src_${'a'.repeat(26)}` } }, 'source_id_unknown'],
  ['Regular', { payment_type: 'Regular', merchant_initiated: false }, 'payment_type_invalid'],
  ['Regular by default', without('payment_type'), 'payment_type_invalid'],
  ['merchant-initiated and Regular', { payment_type: 'Regular' }, 'payment_type_invalid'],
  ['no reference', without('reference'), 'reference_invalid', 'invalid_request'],
];

test.each(STORED)('a stored charge is refused: %s', async (_name, changes, code, errorType = 'request_invalid') => {
  const world = await startWorld();
  const answer = await world.call('POST', '/payments', { body: { ...storedBody(await world.source()), ...changes } });
  expect(answer).toMatchObject({ status: 422, body: { error_type: errorType, error_codes: [code] } });
});

test('several faults of form are told together, those of the wallet layer only afterwards', async () => {
  const world = await startWorld();
  const { body } = await world.setUp({ amount: -1, currency: undefined, reference: undefined });
  expect(body.error_codes).toEqual(['currency_required', 'amount_invalid']);
});

test('authentication comes before everything else and answers with an empty body', async () => {
  const world = await startWorld();
  const url = `${world.sandbox.url}/payments`;
  for (const authorization of ['', KEY, 'Bearer sk_sbox_short', `Bearer sk_${'a'.repeat(27)}`, 'Basic YTpi']) {
    expect(await send(url, 'POST', authorization === '' ? {} : { authorization }, '{')).toMatchObject({ status: 401, text: '' });
  }
  expect(await world.call('POST', '/payments', { raw: '{"amount":' })).toMatchObject({ status: 422, body: { error_type: 'request_malformed', error_codes: ['request_json_invalid'] } });
});

test('with a key of its own it accepts no other', async () => {
  const own = `sk_sbox_${'z'.repeat(27)}`;
  const world = await startWorld({ secretKey: own });
  expect((await world.setUp()).status).toBe(401);
  expect((await world.call('POST', '/payments', { body: redirectBody('Recurring'), headers: { authorization: `Bearer ${own}` } })).status).toBe(202);
});

test('account settings: currencies, channels, maximum, optional return pages', async () => {
  const world = await startWorld({ settings: { currencies: ['CNY'], processing_channels: [`pc_${'c'.repeat(26)}`], maximum_amounts: { CNY: 30_000_000 } } });
  expect((await world.setUp({ currency: 'EUR' })).body.error_codes).toEqual(['currency_not_supported', 'processing_channel_id_invalid']);
  await world.settings({ processing_channels: [], return_urls_required: false });
  expect((await world.setUp({ amount: 30_000_001 })).body.error_codes).toEqual(['amount_invalid']);
  expect((await world.setUp({ amount: 30_000_000, success_url: undefined, failure_url: undefined })).status).toBe(202);
});

test('the rate limit counts reads and writes apart and recovers with time', async () => {
  const world = await startWorld({ settings: { rate_limit_per_second: 2 } });
  expect([(await world.setUp()).status, (await world.setUp()).status]).toEqual([202, 202]);
  expect(await world.setUp()).toMatchObject({ status: 429, body: { error_codes: ['api_calls_quota_exceeded'] } });
  expect((await world.call('GET', '/payments?reference=x')).status).toBe(200);
  await world.live(1);
  expect((await world.setUp()).status).toBe(202);
});

test('a source is refused until its set-up is captured, and for good when that fails', async () => {
  const world = await startWorld();
  const { body: setUp } = await world.setUp();
  expect((await world.charge(setUp.source.id)).body.error_codes).toEqual(['source_id_unknown']);
  await world.settings({ source_before_capture: 'decline' });
  const { body: early } = await world.charge(setUp.source.id);
  await world.live(10);
  expect(await world.details(early.id)).toMatchObject({ status: 'Declined', processing: { failure_code: '20199' } });
  await world.settings({ source_before_capture: 'accept' });
  const { body: taken } = await world.charge(setUp.source.id);
  await world.live(10);
  expect((await world.details(taken.id)).status).toBe('Captured');
  await world.control('POST', `/payments/${setUp.id}/cancel`);
  expect((await world.charge(setUp.source.id)).body.error_codes).toEqual(['source_id_unknown']);
});
