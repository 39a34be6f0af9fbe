import { describe, expect, test } from 'vitest';
import { type PaymentAnswer, UnknownOutcome } from '../../src/gateway/gateway.port.js';
import { openCheckout, requestOf } from './checkout.bench.js';
import { soon } from './contract.js';
import { startAnswering } from './raw.server.js';

const PAYMENT = `pay_${'b'.repeat(26)}`;
const SOURCE = `src_${'c'.repeat(26)}`;
const REQUEST = requestOf({ reference: 'zq-order-2-1', currency: 'CNY', amount: 3900 });
const TAKEN = { id: PAYMENT, status: 'Pending', reference: REQUEST.reference, customer: { id: `cus_${'d'.repeat(26)}` } };

async function answerTo(status: number, body: unknown, currency = 'CNY'): Promise<PaymentAnswer> {
  const server = await startAnswering(status, body);
  return openCheckout(server.url).pay({ ...REQUEST, currency }, soon());
}

async function factOf(body: object, currency = 'CNY') {
  const answer = await answerTo(201, { ...TAKEN, ...body }, currency);
  return answer.answer === 'accepted' ? answer.fact : answer;
}

describe('a success', () => {
  test.each([200, 201, 202])('%i is accepted, with the request id', async (status) => {
    expect(await answerTo(status, { ...TAKEN, source: { id: SOURCE, type: 'alipay_cn' } })).toEqual({
      answer: 'accepted',
      requestId: 'req-1',
      fact: {
        payment_id: PAYMENT, status: 'pending', amount: null, currency: null, source_id: SOURCE,
        redirect_url: null, response_code: null, response_summary: null,
      },
    });
  });

  test('a replay that shows the payment captured meanwhile is taken at its word', async () => {
    const fact = await factOf({ status: 'Captured', amount: 3900, currency: 'CNY', approved: true, response_code: '10000', response_summary: 'Approved' });
    expect(fact).toMatchObject({ status: 'captured', amount: 3900, currency: 'CNY', response_code: '10000' });
  });

  test('an answer need not repeat our reference', async () => {
    expect(await factOf({ reference: undefined })).toMatchObject({ payment_id: PAYMENT });
  });

  test.each([
    ['about another reference', { ...TAKEN, reference: 'zq-order-2-2' }],
    ['without an id', { ...TAKEN, id: undefined }],
    ['with an id of another kind', { ...TAKEN, id: SOURCE }],
    ['that is captured and does not say how much', { ...TAKEN, status: 'Captured', currency: 'CNY' }],
    ['that is a list', [TAKEN]],
    ['that is null', null],
    ['that is a number', 202],
    ['that is a text', '"accepted"'],
    ['that is empty', ''],
    ['that is only white space', '  \r\n'],
    ['in HTML', '<html>202 Accepted</html>'],
    ['that is two answers', JSON.stringify(TAKEN) + JSON.stringify(TAKEN)],
  ])('an answer %s is unknown', async (_, body) => {
    await expect(answerTo(202, body)).rejects.toThrow(UnknownOutcome);
  });
});

describe('a status', () => {
  test.each([
    ['Captured', 'captured'], ['captured', 'captured'], ['Partially Captured', 'captured'], ['Refunded', 'captured'], ['Paid', 'captured'],
    ['Partially Refunded', 'captured'], ['Declined', 'declined'], ['Canceled', 'canceled'], ['Voided', 'canceled'], ['Expired', 'expired'],
    ['Pending', 'pending'], ['Authorized', 'pending'], ['Requested', 'pending'], ['Active', 'pending'], ['Retry Scheduled', 'pending'],
  ])('%s is %s', async (told, meant) => {
    expect(await factOf({ status: told, amount: 3900, currency: 'CNY' })).toMatchObject({ status: meant });
  });

  test.each(['Captured?', 'Card Verified', 'Under Review', '', 'constructor', '__proto__', 'toString', 7, null, ['Captured'], { captured: true }])(
    'that nobody knows is not final: %j',
    async (status) => {
      expect(await factOf({ status, amount: 3900, currency: 'CNY' })).toMatchObject({ status: 'pending' });
    },
  );
});

describe('a refusal', () => {
  test.each([
    [422, 'request_invalid', ['payment_source_required']],
    [422, 'invalid_request', ['reference_invalid']],
    [422, 'request_malformed', ['request_json_invalid']],
    [422, 'request_unprocessable', ['source_id_unknown', 'customer_not_found']],
    [422, 'brand_new_type', ['brand_new_code']],
    [400, 'request_invalid', ['parameter_invalid']],
    [404, 'not_found', ['source_id_unknown']],
  ])('%i %s %j says no, with its codes and request id', async (status, type, codes) => {
    const answer = await answerTo(status, { request_id: 'x', error_type: type, error_codes: codes });
    expect(answer).toEqual({ answer: 'refused', codes, requestId: 'req-1' });
  });

  test.each([
    [422, ''], [422, '<html>'], [422, []], [422, { error_codes: null }], [422, { error_codes: 'amount_invalid' }], [422, { error_codes: [7, null, {}] }],
  ])('%i with the body %j says no, without a code', async (status, body) => {
    expect(await answerTo(status, body)).toMatchObject({ answer: 'refused', codes: [] });
  });
});

describe('what was certainly not taken', () => {
  test.each([
    'apm_service_unavailable', 'service_unavailable', 'issuer_network_unavailable', 'processing_error',
    'velocity_amount_limit_exceeded', 'velocity_count_limit_exceeded', 'api_calls_quota_exceeded',
  ])('422 %s comes again with its key, whatever stands beside it', async (code) => {
    const answer = await answerTo(422, { error_type: 'invalid_request', error_codes: ['amount_invalid', code] });
    expect(answer).toEqual({ answer: 'not_taken', reason: 'unavailable', requestId: 'req-1' });
  });

  test.each([
    [401, '', 'unauthorized'],
    [401, { error_type: 'unauthorized' }, 'unauthorized'],
    [403, '', 'forbidden'],
    // Nobody there who knows payments: the base URL is wrong, not the customer.
    [404, '', 'unavailable'],
    [403, { error_type: 'action_not_allowed', error_codes: [] }, 'forbidden'],
    [429, '', 'rate_limited'],
    [429, '<html>slow down</html>', 'rate_limited'],
    [429, { error_type: 'too_many_requests', error_codes: ['api_calls_quota_exceeded'] }, 'rate_limited'],
  ])('%i with the body %j: %s', async (status, body, reason) => {
    expect(await answerTo(status, body)).toEqual({ answer: 'not_taken', reason, requestId: 'req-1' });
  });
});

describe('what nobody knows', () => {
  test.each([
    { error_type: 'too_many_requests', error_codes: ['duplicate_request_detected'] },
    { error_type: 'duplicate_request', error_codes: [] },
    { message: 'Too many requests or Duplicate request detected' },
  ])('429 for a key in use: %j', async (body) => {
    await expect(answerTo(429, body)).rejects.toThrow(UnknownOutcome);
  });

  test.each([203, 204, 206, 300, 304, 402, 405, 408, 409, 410, 413, 418, 423, 425, 451, 499, 500, 501, 502, 503, 504, 520, 599])(
    '%i, even with the body of a success',
    async (status) => {
      await expect(answerTo(status, status === 204 || status === 304 ? '' : TAKEN)).rejects.toThrow(`the gateway answered ${status} (request req-1)`);
    },
  );
});

describe('a link', () => {
  test.each([301, 302, 303, 307, 308])('of a %i is not followed', async (status) => {
    const elsewhere = await startAnswering(202, TAKEN);
    const server = await startAnswering(status, '', { location: `${elsewhere.url}/payments` });
    const gateway = openCheckout(server.url);
    await expect(gateway.pay(REQUEST, soon())).rejects.toThrow(UnknownOutcome);
    await expect(gateway.payment(PAYMENT)).rejects.toThrow(`details of ${PAYMENT}: ${status}`);
    expect([server.requests.length, elsewhere.connections]).toEqual([2, 0]);
  });

  test('in a body is never called, and only the one for the customer is kept', async () => {
    const elsewhere = await startAnswering(200, {});
    const links = { self: { href: `${elsewhere.url}/self` }, actions: { href: `${elsewhere.url}/actions` }, redirect: { href: `${elsewhere.url}/pay?a=b#c` } };
    expect(await factOf({ status: 'Declined', _links: links })).toMatchObject({ redirect_url: `${elsewhere.url}/pay?a=b#c` });
    expect(elsewhere.connections).toBe(0);
  });

  test.each([
    'javascript:alert(1)', 'data:text/html,x', '//evil.example/pay', '/pay', 'https://', 'https://a b/', 'https://x/\r\nset-cookie: a', `https://x/${'a'.repeat(2_100)}`, '', 7, null,
  ])('that no browser should open is dropped: %j', async (href) => {
    expect(await factOf({ _links: { redirect: { href } } })).toMatchObject({ redirect_url: null });
  });
});

describe('an amount', () => {
  test.each([
    ['CNY', 3900, 3900],
    ['JPY', 3900, 3900],
    ['KRW', 12_000, 12_000],
    ['KWD', 3_900_000, 3_900_000],
    ['CLP', 390_000, 3900],
  ])('of %s is counted in minor units of ISO 4217: %i is %i', async (currency, reported, minor) => {
    expect(await factOf({ status: 'Captured', amount: reported, currency })).toMatchObject({ amount: minor, currency });
    expect(await factOf({ status: 'Captured', amount: reported }, currency)).toMatchObject({ amount: minor, currency: null });
  });

  test('stands where it was captured, when it is not repeated', async () => {
    expect(await factOf({ status: 'Captured', currency: 'CNY', balances: { total_captured: 3900 } })).toMatchObject({ amount: 3900 });
  });

  test.each([1900, 3901, '3900', -1])('of which %j was captured fits no charge', async (total_captured) => {
    const fact = await factOf({ status: 'Partially Captured', amount: 3900, currency: 'CNY', balances: { total_captured } });
    expect(fact).toMatchObject({ amount: Number.NaN });
  });

  test.each([
    ['CNY', '3900'], ['CNY', 39.5], ['CNY', -3900], ['CNY', 1e300], ['CNY', true], ['CNY', {}], ['CLP', 3900 + 1], ['XXY', 3900], ['cny', 3900],
  ])('that cannot be one never fits a charge: %s %j', async (currency, amount) => {
    expect(await factOf({ status: 'Captured', amount, currency })).toMatchObject({ status: 'captured', amount: Number.NaN });
  });
});

test('texts are kept so that any table can hold them', async () => {
  const fact = await factOf({ status: 'Declined', response_code: '20\u000005', response_summary: `\ud800no\0 ${'n'.repeat(2_000)}😀` });
  expect(fact).toMatchObject({ response_code: '2005', response_summary: expect.stringMatching(/^no n{490,500}$/) });
});
