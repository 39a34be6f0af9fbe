import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHARGE_STATUSES, type ChargeStatus, chargeTransitions, OPEN_CHARGE_STATUSES } from '../../src/domain/charge.js';
import { INVOICE_STATUSES, type InvoiceStatus, invoiceTransitions } from '../../src/domain/invoice.js';
import type { Transitions } from '../../src/domain/machine.js';
import { type Refund, REFUND_STATUSES, type RefundStatus, refundTransitions } from '../../src/domain/refund.js';
import { aCharge, START } from '../../src/domain/testing/case.builder.js';
import { REFUSED, SeededBooks } from '../support/seeded.books.js';

let books: SeededBooks;
beforeAll(async () => {
  books = await SeededBooks.open();
});
afterAll(() => books.close());
beforeEach(() => books.run('begin'));
afterEach(() => books.run('rollback'));

const steps = <S extends string>(table: Transitions<S, string>, from: S): S[] =>
  Object.values<S | undefined>(table[from]).filter((to): to is S => to !== undefined);
const pairsOf = <S extends string>(states: readonly S[]): { from: S; to: S }[] =>
  states.flatMap((from) => states.map((to) => ({ from, to })));

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const later = (milliseconds: number) => new Date(START.getTime() + milliseconds).toISOString();
/** What must be known before the same bytes go out again, and before something counts as never received. */
const RESENDABLE = { empty_lookups: 1, empty_since: later(30 * MINUTE), empty_at: later(30 * MINUTE), last_sent_at: later(31 * MINUTE) };
const ABSENT = { empty_lookups: 3, empty_since: later(24.5 * HOUR), empty_at: later(26 * HOUR) };
const setting = (values: object): string => Object.entries(values).map(([column, value]) => `, ${column} = '${value}'`).join('');
const evidence = (from: string, to: string): string =>
  from !== 'unknown' ? '' : setting(to === 'sending' ? RESENDABLE : to === 'absent' || to === 'created' ? ABSENT : {});

describe('PostgreSQL knows the machines', () => {
  it('of charges: it takes the steps of the table and refuses all others', async () => {
    await books.invoice();
    const taken: { from: ChargeStatus; to: ChargeStatus }[] = [];
    for (const { from, to } of pairsOf(CHARGE_STATUSES)) {
      await books.run('savepoint pair');
      const { id } = await books.charge({ status: from, ...(from === 'created' && { sends: 1, first_sent_at: START, last_sent_at: START }) });
      if ((await books.refusal(`update charges set status = $2${evidence(from, to)} where id = $1`, [id, to])) === null) taken.push({ from, to });
      await books.run('rollback to savepoint pair');
    }
    expect(taken).toEqual(pairsOf(CHARGE_STATUSES).filter(({ from, to }) => from === to || steps(chargeTransitions, from).includes(to)));
  });

  it('of invoices: it takes the steps of the table and refuses all others', async () => {
    const taken: { from: InvoiceStatus; to: InvoiceStatus }[] = [];
    for (const { from, to } of pairsOf(INVOICE_STATUSES)) {
      await books.run('savepoint pair');
      const settled = { amount_due: 0, amount_paid: 3900, paid_at: START } as object;
      const { id } = await books.invoice({ status: from, ...settled });
      if ((await books.refusal('update invoices set status = $2 where id = $1', [id, to])) === null) taken.push({ from, to });
      await books.run('rollback to savepoint pair');
    }
    expect(taken).toEqual(pairsOf(INVOICE_STATUSES).filter(({ from, to }) => from === to || steps(invoiceTransitions, from).includes(to)));
  });
});

describe('nothing is sent again, or given up, outside the rules of S and W', () => {
  const lives = [['charges', (b: SeededBooks) => b.charge({ status: 'unknown' })], ['refunds', (b: SeededBooks) => b.refund({ status: 'unknown' })]] as const;
  describe.each(lives)('%s', (table, plant) => {
    beforeEach(async () => {
      await books.invoice();
      if (table === 'refunds') await books.charge({ status: 'captured', gateway_payment_id: 'pay_1' });
      await plant(books);
    });
    const attempt = (status: string, values: object) =>
      books.refusal(`update ${table} set status = '${status}'${setting(values)} where status = 'unknown'`);
    const gone = table === 'charges' ? 'absent' : 'created';

    it.each([
      ['no look-up since the last sending', { last_sent_at: later(HOUR) }],
      ['a look-up before the last sending', { ...RESENDABLE, empty_at: later(-1) }],
      ['S not over yet', { ...RESENDABLE, last_sent_at: later(30 * MINUTE - 1) }],
      ['the key may be forgotten', { ...RESENDABLE, last_sent_at: later(23 * HOUR) }],
    ])('is not sent again: %s', async (_, values) => {
      expect(await attempt('sending', values)).toBe(REFUSED.check);
    });

    it.each([
      ['no look-up', { empty_lookups: 3 }],
      ['two look-ups', { ...ABSENT, empty_lookups: 2 }],
      ['look-ups all at once', { ...ABSENT, empty_since: later(26 * HOUR - 1) }],
      ['before W and two hours', { ...ABSENT, empty_at: later(26 * HOUR - 1) }],
    ])('is not given up: %s', async (_, values) => {
      expect(await attempt(gone, values)).toBe(REFUSED.check);
    });

    it('judges by what the gateway is configured to be', async () => {
      await books.run('update gateway_windows set settle_seconds = 7200, idempotency_hours = 48');
      expect(await attempt('sending', RESENDABLE)).toBe(REFUSED.check);
      expect(await attempt(gone, ABSENT)).toBe(REFUSED.check);
    });
  });

  it('but for a redirect, which is replayed once to get its link back', async () => {
    await books.invoice();
    await books.charge({ status: 'unknown', kind: 'checkout' });
    expect(await books.refusal(`update charges set status = 'sending', sends = 3`)).toBe(REFUSED.check);
    expect(await books.refusal(`update charges set status = 'sending', sends = 2`)).toBeNull();
  });
});

describe('no more goes back than came', () => {
  beforeEach(async () => {
    await books.invoice();
    await books.charge({ status: 'captured', gateway_payment_id: 'pay_1' });
  });
  const another = (first: Refund, number: number, amount: number): Refund => ({
    ...first, id: `rfnd_${number}`, number, amount, reference: `zq-1-1-r${number}`, idempotency_key: `key-${number}`, status: 'created',
    sends: 0, first_sent_at: null, last_sent_at: null, lease_token: 0,
  });

  it('of refunds PostgreSQL takes the steps of the table and refuses all others', async () => {
    const taken: { from: RefundStatus; to: RefundStatus }[] = [];
    for (const { from, to } of pairsOf(REFUND_STATUSES)) {
      await books.run('savepoint pair');
      const { id } = await books.refund({ status: from, ...(from === 'created' && { sends: 1, first_sent_at: START, last_sent_at: START }) });
      if ((await books.refusal(`update refunds set status = $2${evidence(from, to)} where id = $1`, [id, to])) === null) taken.push({ from, to });
      await books.run('rollback to savepoint pair');
    }
    expect(taken).toEqual(pairsOf(REFUND_STATUSES).filter(({ from, to }) => from === to || steps(refundTransitions, from).includes(to)));
  });

  it('open and finished refunds together never exceed the charge; a declined one counts for nothing', async () => {
    const first = await books.refund({ status: 'pending', amount: 3_000 });
    expect(await books.refusalOfInsert('refunds', another(first, 2, 901))).toBe(REFUSED.check);
    expect(await books.refusalOfInsert('refunds', another(first, 3, 900))).toBeNull();
    expect(await books.refusal(`update refunds set status = 'declined' where id = $1`, [first.id])).toBeNull();
    expect(await books.refusalOfInsert('refunds', another(first, 4, 3_001))).toBe(REFUSED.check);
    expect(await books.refusalOfInsert('refunds', another(first, 5, 3_000))).toBeNull();
  });

  it('what was found at the gateway has happened, whatever is promised; but more than came never went back', async () => {
    const first = await books.refund({ status: 'pending', amount: 3_900 });
    const found = { ...another(first, 2, 3_900), number: null, status: 'succeeded', cause: 'returned', gateway_action_id: 'act_2' };
    expect(await books.refusalOfInsert('refunds', found)).toBeNull();
    expect(await books.refusalOfInsert('refunds', { ...found, id: 'rfnd_3', amount: 1, reference: 'x', idempotency_key: 'x', gateway_action_id: 'act_3' })).toBe(REFUSED.check);
  });

  it('nor what was credited, nor anything of a charge that was not captured', async () => {
    await books.run('update charges set surplus = true, amount_credited = 3000');
    const first = another(await books.refund({ status: 'declined' }), 2, 901);
    expect(await books.refusalOfInsert('refunds', first)).toBe(REFUSED.check);
    expect(await books.refusal('update charges set amount_refunded = 901')).toBe(REFUSED.check);
    await books.charge({ id: 'chg_open', attempt: 2, reference: 'zq-open', idempotency_key: 'key-open' });
    expect(await books.refusalOfInsert('refunds', { ...first, charge: 'chg_open', amount: 1 })).toBe(REFUSED.check);
  });

  it('a number, a key, a reference and an action are used once, and written once', async () => {
    const first = await books.refund({ status: 'pending', gateway_action_id: 'act_1' });
    for (const same of ['number', 'reference', 'idempotency_key'] as const) {
      expect(await books.refusalOfInsert('refunds', { ...another(first, 2, 1), [same]: first[same] }), same).toBe(REFUSED.unique);
    }
    for (const change of ['amount = 1', "reference = 'x'", "idempotency_key = 'x'", "body = 'x'", "charge = 'x'", "gateway_action_id = 'act_2'",
      'first_sent_at = now()', 'lease_token = 0', "cause = 'cancel'"]) {
      expect(await books.refusal(`update refunds set ${change} where id = $1`, [first.id]), change).toBe(REFUSED.check);
    }
  });

  it('begins unsent, unless it was found at the gateway', async () => {
    const first = another(await books.refund(), 2, 1);
    expect(await books.refusalOfInsert('refunds', { ...first, status: 'succeeded' })).toBe(REFUSED.check);
    expect(await books.refusalOfInsert('refunds', { ...first, status: 'succeeded', gateway_action_id: 'act_9' })).toBeNull();
  });
});

describe('no period is billed twice', () => {
  it('a second invoice for a period is refused', async () => {
    const first = await books.invoice();
    expect(await books.refusalOfInsert('invoices', { ...first, id: 'inv_2', number: '2026-000002' })).toBe(REFUSED.unique);
  });

  it('a voided one may be replaced', async () => {
    const first = await books.invoice({ status: 'void' });
    expect(await books.refusalOfInsert('invoices', { ...first, id: 'inv_2', number: '2026-000002', status: 'open' })).toBeNull();
  });

  it('an invoice number is given once', async () => {
    const first = await books.invoice();
    expect(await books.refusalOfInsert('invoices', { ...first, id: 'inv_2', period_no: 2 })).toBe(REFUSED.unique);
  });

  it('what was billed is frozen', async () => {
    await books.invoice();
    for (const change of ["period_no = 7", "currency = 'USD'", 'total = 1, amount_due = 1', "number = 'x'", "customer = 'cust_2'", "billed_customer = '{}'"]) {
      expect(await books.refusal(`update invoices set ${change}`), change).toBe(REFUSED.check);
    }
  });
});

describe('an invoice begins as owed', () => {
  const closed = { amount_due: 0, paid_at: START } as object;

  it.each(INVOICE_STATUSES)('%s: void only with its reason, paid only where nothing was to be collected', async (status) => {
    const { id: _, ...invoice } = await books.invoice();
    await books.run('delete from invoices');
    const refusal = (changes: object) => books.refusalOfInsert('invoices', { ...invoice, id: 'inv_2', status, ...changes });
    const open = status === 'draft' || status === 'open';
    expect(await refusal({ ...closed, amount_paid: 3900 })).toBe(open ? null : REFUSED.check);
    await books.run('delete from invoices');
    expect(await refusal({ ...closed, void_reason: 'period_skipped' })).toBe(open || status === 'void' ? null : REFUSED.check);
    await books.run('delete from invoices');
    expect(await refusal({ ...closed, balance_applied: 3900 })).toBe(open || status === 'paid' ? null : REFUSED.check);
  });
});

describe('an invoice is not paid without its money', () => {
  it.each([
    ["status = 'paid', paid_at = now()", 'something is still due'],
    ["status = 'paid', amount_due = 0, paid_at = now()", 'nothing was paid'],
    ["status = 'paid', amount_due = 0, amount_paid = total - 1, paid_at = now()", 'a part is missing'],
    ["status = 'paid', amount_due = 0, amount_paid = total", 'nobody knows when'],
    ['amount_paid = total + 1', 'more than was asked'],
    ['amount_due = -1', 'less than nothing is due'],
  ])('%s: %s', async (change) => {
    await books.invoice();
    expect(await books.refusal(`update invoices set ${change}`)).toBe(REFUSED.check);
  });

  it('with its money it is', async () => {
    await books.invoice();
    const paid = "status = 'paid', amount_due = 0, amount_paid = total, paid_at = now()";
    expect(await books.refusal(`update invoices set ${paid}`)).toBeNull();
  });
});

describe('no invoice is charged twice at once', () => {
  it.each(OPEN_CHARGE_STATUSES)('a second merchant-initiated charge is refused while one is %s', async (status) => {
    await books.invoice();
    await books.charge({ status });
    const second = aCharge({ id: 'chg_2', attempt: 2, kind: 'retry', reference: 'zq-2', idempotency_key: 'key-2' });
    expect(await books.refusalOfInsert('charges', second)).toBe(REFUSED.unique);
  });

  it('an attempt, its key and its reference exist once', async () => {
    await books.invoice();
    await books.charge({ status: 'declined' });
    const next = { id: 'chg_2', attempt: 2, reference: 'zq-2', idempotency_key: 'key-2' };
    for (const again of [{ attempt: 1 }, { reference: 'zq-1-1' }, { idempotency_key: 'key-1-1' }]) {
      expect(await books.refusalOfInsert('charges', aCharge({ ...next, ...again })), JSON.stringify(again)).toBe(REFUSED.unique);
    }
    expect(await books.refusalOfInsert('charges', aCharge(next))).toBeNull();
  });

  it('a payment of the gateway belongs to one charge', async () => {
    await books.invoice();
    await books.charge({ status: 'declined', gateway_payment_id: 'pay_1' });
    await books.charge({ id: 'chg_2', attempt: 2, reference: 'zq-2', idempotency_key: 'key-2', status: 'pending' });
    expect(await books.refusal("update charges set gateway_payment_id = 'pay_1' where id = 'chg_2'")).toBe(REFUSED.unique);
  });
});

describe('a charge is written before it is sent, and stays what it was', () => {
  it.each(CHARGE_STATUSES.filter((status) => status !== 'created'))('does not begin as %s', async (status) => {
    await books.invoice();
    const sent = { sends: 1, first_sent_at: START, last_sent_at: START };
    expect(await books.refusalOfInsert('charges', aCharge({ status, ...sent }))).toBe(REFUSED.check);
  });

  it.each([
    ['key', "idempotency_key = 'other'"],
    ['reference', "reference = 'other'"],
    ['body', "body = '{\"amount\":1}'"],
    ['hash', "body_hash = 'other'"],
    ['amount', 'amount = 1'],
    ['currency', "currency = 'USD'"],
    ['invoice', "invoice = 'inv_2'"],
    ['period', 'period_no = 2'],
    ['attempt', 'attempt = 2'],
    ['kind', "kind = 'checkout'"],
    ['wallet', "source = 'psrc_2'"],
    ['wallet, taken away', 'source = null'],
    ['payment', "gateway_payment_id = 'pay_2'"],
    ['first sending', "first_sent_at = '2020-01-01Z'"],
    ['lease, back to an older one', 'lease_token = 0'],
  ])('its %s cannot be changed', async (_, change) => {
    await books.invoice();
    await books.charge({ status: 'pending', source: 'psrc_1', gateway_payment_id: 'pay_1' });
    expect(await books.refusal(`update charges set ${change}`)).toBe(REFUSED.check);
  });

  it.each([
    ['is sent without a time', "status = 'sending'"],
    ['counts a sending that never was', 'sends = 1'],
    ['was sent last before it was sent first', "sends = 1, first_sent_at = '2026-01-02Z', last_sent_at = '2026-01-01Z'"],
    ['gives back more than it took', 'amount_refunded = amount + 1'],
  ])('none %s', async (_, change) => {
    await books.invoice();
    await books.charge();
    expect(await books.refusal(`update charges set ${change}`)).toBe(REFUSED.check);
  });

  it.each(['', 'with space', 'x'.repeat(51), '周期'])('a reference that the gateway may cut or refuse is refused (%j)', async (reference) => {
    await books.invoice();
    expect(await books.refusalOfInsert('charges', aCharge({ reference }))).toBe(REFUSED.check);
  });

  it('belongs to an invoice that exists', async () => {
    expect(await books.refusalOfInsert('charges', aCharge())).toBe(REFUSED.foreignKey);
  });
});

describe('a late capture is never refused', () => {
  it.each(CHARGE_STATUSES)('of a charge that is %s, although the invoice is paid and another try is open', async (status) => {
    await books.invoice({ status: 'paid', amount_due: 0, amount_paid: 3900, paid_at: START } as object);
    await books.charge({ status, kind: 'recurring', ...(status === 'unknown' && { empty_lookups: 5 }) });
    if (!(OPEN_CHARGE_STATUSES as readonly string[]).includes(status)) {
      await books.charge({ id: 'chg_2', attempt: 2, kind: 'retry', reference: 'zq-2', idempotency_key: 'key-2' });
    }
    const capture = "update charges set status = 'captured', surplus = true, gateway_payment_id = 'pay_1', settled_at = now() where id = 'chg_1-1'";
    expect(await books.refusal(capture)).toBeNull();
  });
});
