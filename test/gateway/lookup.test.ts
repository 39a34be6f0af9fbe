import { describe, expect, test } from 'vitest';
import { LookupFailed } from '../../src/gateway/gateway.port.js';
import { openCheckout } from './checkout.bench.js';
import { httpAnswer, startAnswering, startRawServer } from './raw.server.js';

const PAYMENT = `pay_${'e'.repeat(26)}`;
const OTHER = `pay_${'f'.repeat(26)}`;
const REFERENCE = 'zq-order-3-1';
const CAPTURED = { id: PAYMENT, status: 'Captured', reference: REFERENCE, amount: 3900, currency: 'CNY', balances: { total_captured: 3900 } };
const DECLINED = { id: PAYMENT, status: 'Declined', reference: REFERENCE, amount: 3900, currency: 'CNY', processing: { partner_response_code: 'RISK_REJECT' } };

/** Answers by path; what is not named is not there. */
async function openOver(answers: Record<string, [status: number, body: unknown]>) {
  const server = await startRawServer((socket, { line }) => {
    const [status, body] = answers[line.split(' ')[1]?.split('?')[0] ?? ''] ?? [404, ''];
    socket.write(httpAnswer(status, typeof body === 'string' ? body : JSON.stringify(body)));
  });
  return { server, gateway: openCheckout(server.url) };
}

const list = (data: unknown[], total_count: unknown = data.length) => ({ limit: 100, skip: 0, total_count, data });

describe('a payment by its id', () => {
  test('is asked for by that id and nothing else', async () => {
    const { server, gateway } = await openOver({ [`/payments/${PAYMENT}`]: [200, CAPTURED] });
    expect(await gateway.payment(PAYMENT)).toMatchObject({ reference: REFERENCE, requestId: 'req-1', fact: { status: 'captured', amount: 3900 } });
    expect(await gateway.payment('pay_x/../../secrets?a=b')).toBeNull();
    expect(server.requests.map(({ line }) => line)).toEqual([
      `GET /payments/${PAYMENT} HTTP/1.1`,
      'GET /payments/pay_x%2F..%2F..%2Fsecrets%3Fa%3Db HTTP/1.1',
    ]);
  });

  test.each<[string, number, unknown]>([
    ['another payment', 200, { ...CAPTURED, id: OTHER }],
    ['a capture without an amount', 200, { ...CAPTURED, amount: undefined, balances: undefined }],
    ['a capture without a currency', 200, { ...CAPTURED, currency: undefined }],
    ['nothing', 200, ''],
    ['202', 202, CAPTURED],
    ['204', 204, ''],
    ['400', 400, ''],
    ['401', 401, ''],
    ['409', 409, ''],
    ['429', 429, ''],
    ['500', 500, CAPTURED],
  ])('fails when the answer is %s', async (_, status, body) => {
    const { gateway } = await openOver({ [`/payments/${PAYMENT}`]: [status, body] });
    await expect(gateway.payment(PAYMENT)).rejects.toThrow(LookupFailed);
  });
});

describe('payments by their reference', () => {
  test('are asked for as many as a page holds', async () => {
    const { server, gateway } = await openOver({ '/payments': [200, list([])] });
    expect(await gateway.paymentsByReference('a&b=c d')).toEqual([]);
    expect(server.requests[0]?.line).toBe('GET /payments?reference=a%26b%3Dc%20d&limit=100 HTTP/1.1');
  });

  test('are all that carry it, and no others', async () => {
    const strangers = [{ ...CAPTURED, id: `pay_${'g'.repeat(26)}`, reference: `${REFERENCE}0` }, { ...CAPTURED, reference: REFERENCE.toUpperCase() }];
    const { gateway } = await openOver({ '/payments': [200, list([CAPTURED, ...strangers, { ...CAPTURED, id: OTHER, status: 'Pending' }])] });
    expect(await gateway.paymentsByReference(REFERENCE)).toMatchObject([
      { fact: { payment_id: PAYMENT, status: 'captured' } },
      { fact: { payment_id: OTHER, status: 'pending' } },
    ]);
  });

  test.each([
    ['holds less than it counts', list([], 1)],
    ['is one page of several', list([CAPTURED], 101)],
    ['holds a payment without a reference', list([{ ...CAPTURED, reference: undefined }])],
    ['holds something that is no payment', list([CAPTURED, { id: 'sub_1' }])],
    ['holds nothing where a payment should be', list([null])],
    ['holds a capture without an amount', list([{ ...CAPTURED, amount: null, balances: {} }])],
    ['is no list', { data: { 0: CAPTURED } }],
    ['is a bare array', [CAPTURED]],
    ['is missing', {}],
  ])('are not known when the list %s', async (_, body) => {
    const { gateway } = await openOver({ '/payments': [200, body] });
    await expect(gateway.paymentsByReference(REFERENCE)).rejects.toThrow(LookupFailed);
  });

  test('are not known when the gateway says 404: an empty list looks otherwise', async () => {
    const { gateway } = await openOver({});
    await expect(gateway.paymentsByReference(REFERENCE)).rejects.toThrow(LookupFailed);
  });
});

describe('why a payment was declined', () => {
  const actions = `/payments/${PAYMENT}/actions`;
  const decline = { id: 'act_1', type: 'Authorization', approved: false, response_code: '20051', response_summary: 'Insufficient Funds' };

  test('stands in the latest action that is no approval', async () => {
    const list = [{ ...decline, response_code: '10000' }, { type: 'Void' }, null, decline, { ...decline, response_code: '20005' }];
    const { gateway } = await openOver({ [`/payments/${PAYMENT}`]: [200, { ...DECLINED, processing: {} }], [actions]: [200, list] });
    expect(await gateway.payment(PAYMENT)).toMatchObject({ fact: { status: 'declined', response_code: '20051', response_summary: 'Insufficient Funds' } });
  });

  test.each<[string, object, string]>([
    ['the mandate is over', { partner_response_code: 'AGREEMENT_NOT_EXIST', partner_error_message: 'Agreement not found' }, 'AGREEMENT_NOT_EXIST'],
    ['it is over, in the domestic spelling', { partner_response_code: 'ACQ.AGREEMENT_NOT_EXIST', partner_error_message: 'Agreement not found' }, 'ACQ.AGREEMENT_NOT_EXIST'],
    ['it is over, among other errors', { partner_error_codes: ['PROCESS_FAIL', 7, 'AGREEMENT_NOT_EXIST'], partner_error_message: 'Agreement not found' }, 'AGREEMENT_NOT_EXIST'],
    ['it is over, by the gateway’s own code', { failure_code: '200R1', partner_error_message: 'Agreement not found' }, '200R1'],
  ])('is what the wallet said where that weighs more: %s', async (_, processing, code) => {
    const payment = { ...DECLINED, processing };
    const { gateway } = await openOver({ [`/payments/${PAYMENT}`]: [200, payment], [actions]: [200, [{ ...decline, response_code: '20005', response_summary: 'Do not honour' }]] });
    expect(await gateway.payment(PAYMENT)).toMatchObject({ fact: { response_code: code, response_summary: 'Agreement not found' } });
  });

  test.each([['20051', 'PROCESS_FAIL'], ['20096', 'PROCESS_FAIL'], ['20051', 'USER_AMOUNT_EXCEED_LIMIT'], ['200R1', 'RISK_REJECT'], ['29999', 'PROCESS_FAIL']])(
    'is what the gateway said, %s, where the wallet’s %s weighs no more',
    async (code, partner_response_code) => {
      const payment = { ...DECLINED, processing: { partner_response_code, failure_code: 'payment_declined' } };
      const { gateway } = await openOver({ [`/payments/${PAYMENT}`]: [200, payment], [actions]: [200, [{ ...decline, response_code: code }]] });
      expect(await gateway.payment(PAYMENT)).toMatchObject({ fact: { response_code: code, response_summary: 'Insufficient Funds' } });
    },
  );

  test('is what the wallet said when the actions are silent', async () => {
    const { gateway } = await openOver({ [`/payments/${PAYMENT}`]: [200, DECLINED], [actions]: [200, []] });
    expect(await gateway.payment(PAYMENT)).toMatchObject({ fact: { status: 'declined', response_code: 'RISK_REJECT' } });
  });

  test.each<[number, unknown]>([[404, ''], [429, ''], [500, ''], [200, ''], [200, {}], [200, '[{']])('is not guessed when the actions answer %i %j', async (status, body) => {
    const { gateway } = await openOver({ [`/payments/${PAYMENT}`]: [200, DECLINED], '/payments': [200, list([DECLINED])], [actions]: [status, body] });
    await expect(gateway.payment(PAYMENT)).rejects.toThrow(LookupFailed);
    await expect(gateway.paymentsByReference(REFERENCE)).rejects.toThrow(LookupFailed);
  });

  test('is asked only for declined ones', async () => {
    const server = await startAnswering(200, CAPTURED);
    await openCheckout(server.url).payment(PAYMENT);
    expect(server.requests).toHaveLength(1);
  });
});
