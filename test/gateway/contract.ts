import { describe, expect, test } from 'vitest';
import { type Gateway, LookupFailed, type PaymentAnswer, type PaymentRequest, UnknownOutcome } from '../../src/gateway/gateway.port.js';

/** Ways in which a gateway may behave; each is provoked for one call, or for as many as are given. */
export type Trouble =
  | 'answer lost'
  | 'request lost'
  | 'silence after the commit'
  | 'error page after the commit'
  | 'error page'
  | 'empty error'
  | 'internal error'
  | 'key in use'
  | 'key in use, told by 429'
  | 'answer broken off'
  | 'answer not quite JSON'
  | 'answer in HTML'
  | 'answer without a body'
  | 'credentials refused'
  | 'scope missing'
  | 'too many requests'
  | 'too many requests, retry later'
  | 'wallet service away'
  | 'invalid request'
  | 'unheard-of refusal'
  | 'declined at once'
  | 'new payments invisible'
  | 'reading refused'
  | 'reading fails'
  | 'unheard-of status';

/** A gateway behind the port, with its other side in the hands of the test. */
export interface GatewayBench {
  gateway: Gateway;
  /** A request that sends the customer to his wallet. */
  redirect(): PaymentRequest;
  /** A charge of a wallet that was set up before. */
  stored(): Promise<PaymentRequest>;
  provoke(trouble: Trouble, times?: number): Promise<void>;
  /** Ids of the payments that the gateway truly holds under a reference. */
  truth(reference: string): Promise<string[]>;
  capture(paymentId: string): Promise<void>;
  decline(paymentId: string, code: string): Promise<void>;
}

export const soon = (): number => performance.now() + 20_000;

const CERTAINLY_NOT_TAKEN: [Trouble, Extract<PaymentAnswer, { answer: 'not_taken' }>['reason']][] = [
  ['credentials refused', 'unauthorized'],
  ['scope missing', 'forbidden'],
  ['too many requests', 'rate_limited'],
  ['too many requests, retry later', 'rate_limited'],
  ['wallet service away', 'unavailable'],
];

const UNKNOWN: [Trouble, payments: number][] = [
  ['answer lost', 1],
  ['silence after the commit', 1],
  ['error page after the commit', 1],
  ['answer broken off', 1],
  ['answer not quite JSON', 1],
  ['answer in HTML', 1],
  ['answer without a body', 1],
  ['request lost', 0],
  ['error page', 0],
  ['empty error', 0],
  ['internal error', 0],
  ['key in use', 0],
  ['key in use, told by 429', 0],
];

/** What every adapter of the port must do, whatever gateway stands behind it. */
export function describeGateway(name: string, open: () => Promise<GatewayBench>): void {
  const chapters = {
    'takes payments': takesPayments,
    'says no': saysNo,
    'leaves open what happened': leavesOpen,
    'is asked': isAsked,
    'cannot be asked': cannotBeAsked,
  };
  for (const [chapter, tell] of Object.entries(chapters)) {
    describe(`${name} ${chapter}`, () => {
      tell(open);
    });
  }
}

function takesPayments(open: () => Promise<GatewayBench>): void {
  test('a redirect is accepted as pending, with its link and the wallet that it will set up', async () => {
    const bench = await open();
    const request = bench.redirect();
    const answer = await bench.gateway.pay(request, soon());
    expect(answer).toMatchObject({
      answer: 'accepted',
      fact: {
        payment_id: expect.stringMatching(/^pay_\w{26}$/),
        status: 'pending',
        source_id: expect.stringMatching(/^src_\w{26}$/),
        redirect_url: expect.stringMatching(/^https?:\/\//),
      },
      requestId: expect.stringMatching(/./),
    });
    expect(await bench.truth(request.reference)).toHaveLength(1);
  });

  test('the charge of a stored wallet is accepted as pending, without a link', async () => {
    const bench = await open();
    const answer = await bench.gateway.pay(await bench.stored(), soon());
    expect(answer).toMatchObject({
      answer: 'accepted',
      fact: { status: 'pending', source_id: expect.stringMatching(/^src_/), redirect_url: null },
    });
  });

  test('a decline in the answer itself is accepted, not refused, and says why', async () => {
    const bench = await open();
    const request = await bench.stored();
    await bench.provoke('declined at once');
    const answer = await bench.gateway.pay(request, soon());
    expect(answer).toMatchObject({ answer: 'accepted', fact: { status: 'declined', response_code: '41101' } });
  });

  test('the same request again is the same payment', async () => {
    const bench = await open();
    const request = await bench.stored();
    const answers = [await bench.gateway.pay(request, soon()), await bench.gateway.pay(request, soon())];
    const ids = answers.map((answer) => (answer.answer === 'accepted' ? answer.fact.payment_id : answer.answer));
    expect(new Set(ids)).toEqual(new Set(await bench.truth(request.reference)));
  });

  test('a deadline that has passed stops the request before anybody sees it', async () => {
    const bench = await open();
    const request = await bench.stored();
    const answer = await bench.gateway.pay(request, performance.now());
    expect(answer).toEqual({ answer: 'not_taken', reason: 'too_late', requestId: null });
    expect(await bench.truth(request.reference)).toEqual([]);
  });
}

function saysNo(open: () => Promise<GatewayBench>): void {
  test.each<[Trouble, string[]]>([
    ['invalid request', ['amount_invalid', 'currency_invalid']],
    ['unheard-of refusal', ['the_moon_is_full']],
  ])('%s is refused with its codes, and no money moves', async (trouble, codes) => {
    const bench = await open();
    const request = await bench.stored();
    await bench.provoke(trouble);
    expect(await bench.gateway.pay(request, soon())).toMatchObject({ answer: 'refused', codes, requestId: expect.any(String) });
    expect(await bench.truth(request.reference)).toEqual([]);
  });

  test.each(CERTAINLY_NOT_TAKEN)('%s: not taken, and the same key works later', async (trouble, reason) => {
    const bench = await open();
    const request = await bench.stored();
    await bench.provoke(trouble);
    expect(await bench.gateway.pay(request, soon())).toMatchObject({ answer: 'not_taken', reason });
    expect(await bench.truth(request.reference)).toEqual([]);
    expect(await bench.gateway.pay(request, soon())).toMatchObject({ answer: 'accepted' });
  });
}

function leavesOpen(open: () => Promise<GatewayBench>): void {
  test.each(UNKNOWN)('%s: the outcome is unknown, and nothing is sent twice', async (trouble, payments) => {
    const bench = await open();
    const request = await bench.stored();
    await bench.provoke(trouble);
    await expect(bench.gateway.pay(request, soon())).rejects.toThrow(UnknownOutcome);
    expect(await bench.truth(request.reference)).toHaveLength(payments);
    expect(await bench.gateway.paymentsByReference(request.reference)).toHaveLength(payments);
  });
}

function isAsked(open: () => Promise<GatewayBench>): void {
  test('a captured payment is found by id and by reference, with what was captured', async () => {
    const bench = await open();
    const request = await bench.stored();
    const id = acceptedId(await bench.gateway.pay(request, soon()));
    await bench.capture(id);
    const found = {
      reference: request.reference,
      fact: { payment_id: id, status: 'captured', amount: 4900, currency: 'CNY' },
      requestId: expect.stringMatching(/./),
    };
    expect(await bench.gateway.payment(id)).toMatchObject(found);
    expect(await bench.gateway.paymentsByReference(request.reference)).toMatchObject([found]);
  });

  test('a declined payment says why, by id and by reference', async () => {
    const bench = await open();
    const request = await bench.stored();
    const id = acceptedId(await bench.gateway.pay(request, soon()));
    await bench.decline(id, '200R1');
    const found = { fact: { status: 'declined', response_code: '200R1' } };
    expect(await bench.gateway.payment(id)).toMatchObject(found);
    expect(await bench.gateway.paymentsByReference(request.reference)).toMatchObject([found]);
  });

  test('what the gateway does not show is null by id and nothing by reference', async () => {
    const bench = await open();
    const request = await bench.stored();
    await bench.provoke('new payments invisible');
    const id = acceptedId(await bench.gateway.pay(request, soon()));
    expect(await bench.gateway.payment(id)).toBeNull();
    expect(await bench.gateway.paymentsByReference(request.reference)).toEqual([]);
  });

  test('a status nobody knows is not final', async () => {
    const bench = await open();
    const request = await bench.stored();
    const id = acceptedId(await bench.gateway.pay(request, soon()));
    await bench.capture(id);
    await bench.provoke('unheard-of status', 2);
    expect(await bench.gateway.payment(id)).toMatchObject({ fact: { status: 'pending' } });
    expect(await bench.gateway.paymentsByReference(request.reference)).toMatchObject([{ fact: { status: 'pending' } }]);
  });
}

function cannotBeAsked(open: () => Promise<GatewayBench>): void {
  test.each<Trouble>([
    'reading refused', 'reading fails', 'credentials refused', 'scope missing', 'internal error',
    'answer broken off', 'answer not quite JSON', 'answer in HTML', 'answer without a body',
  ])('%s: a look-up fails, which is not the same as finding nothing', async (trouble) => {
    const bench = await open();
    const request = await bench.stored();
    const id = acceptedId(await bench.gateway.pay(request, soon()));
    await bench.provoke(trouble, 2);
    await expect(bench.gateway.payment(id)).rejects.toThrow(LookupFailed);
    await expect(bench.gateway.paymentsByReference(request.reference)).rejects.toThrow(LookupFailed);
  });
}

function acceptedId(answer: PaymentAnswer): string {
  expect(answer).toMatchObject({ answer: 'accepted' });
  return answer.answer === 'accepted' ? answer.fact.payment_id : '';
}
