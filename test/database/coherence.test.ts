import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHARGE_STATUSES, isOpen, OPEN_CHARGE_STATUSES } from '../../src/domain/charge.js';
import { START } from '../../src/domain/testing/case.builder.js';
import { SeededBooks } from '../support/seeded.books.js';

const NOW = new Date('2026-03-01T00:00:00Z');
const ago = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000);

let books: SeededBooks;
beforeAll(async () => {
  books = await SeededBooks.open();
});
afterAll(() => books.close());
beforeEach(() => books.run('begin'));
afterEach(() => books.run('rollback'));

const found = async (kind: string) =>
  (await books.run<{ row_id: string }>('select row_id from coherence($1) where kind = $2 order by 1', [NOW, kind])).map((row) => row.row_id);

const event = (changes: object = {}) =>
  books.plant('gateway_events', {
    id: 'evt_1', type: 'payment_captured', payment_id: 'pay_1', reference: 'zq-1-1', body: '{}', received_at: START, attempts: 6,
    next_attempt_at: null, outcome: 'orphan', processed_at: START, ...changes,
  });

const park = (kind: string, row: string, released: Date | null = null) =>
  books.insert('parked_rows', { id: `park_${row}`, kind, row_id: row, error: 'x', parked_at: START, released_at: released });

it('a book in which nothing has happened is coherent', async () => {
  expect(await books.run('select * from coherence($1)', [NOW])).toEqual([]);
});

describe('it finds', () => {
  it('a period that was lived through and never billed', async () => {
    await books.run('update subscriptions set period_no = 2');
    await books.invoice({ period_no: 1 });
    expect(await found('missing_period')).toEqual(['sub_1']);
    await books.invoice({ id: 'inv_2', number: '2026-000002', period_no: 2, status: 'void' });
    expect(await found('missing_period')).toEqual([]);
  });

  it('a period for which two captures count', async () => {
    await books.invoice();
    await books.charge({ status: 'captured', gateway_payment_id: 'pay_1' });
    const second = { id: 'chg_2', attempt: 2, reference: 'zq-2', idempotency_key: 'key-2', status: 'captured', gateway_payment_id: 'pay_2' } as const;
    await books.charge(second);
    expect(await found('paid_twice')).toEqual(['sub_1']);
    expect(await found('unbooked')).toEqual(expect.arrayContaining(['chg_1-1', 'chg_2']));
    await books.run(`update charges set surplus = true where id = 'chg_2'`);
    expect(await found('paid_twice')).toEqual([]);
  });

  it('books that do not add up', async () => {
    await books.plant('ledger_entries', { source_key: 'pay_1:capture', account: 'gateway_clearing', amount: 1 });
    expect(await found('unbalanced')).toContain('pay_1:capture');
  });

  it('money of ours that is unknown here, unless a charge is it or a human knows', async () => {
    await event({ outcome: 'foreign', reference: 'ORD-1' });
    expect(await found('orphan')).toEqual([]);
    await event({ id: 'evt_2', payment_id: 'pay_2' });
    await event({ id: 'evt_3', payment_id: 'pay_2', outcome: 'foreign' });
    expect(await found('orphan')).toEqual(['pay_2']);
    await park('orphan', 'pay_2');
    expect(await found('orphan')).toEqual([]);
    await books.run('update parked_rows set released_at = now()');
    expect(await found('orphan')).toEqual(['pay_2']);
    await books.invoice();
    await books.charge({ status: 'captured', gateway_payment_id: 'pay_2' });
    expect(await found('orphan')).toEqual([]);
  });

  it.each(OPEN_CHARGE_STATUSES)('a charge that is %s and long due, or never', async (status) => {
    await books.invoice();
    await books.charge({ status, next_check_at: ago(0.5) });
    expect(await found('stuck')).toEqual([]);
    for (const at of [ago(2), null]) {
      await books.run('update charges set next_check_at = $1', [at]);
      expect(await found('stuck')).toEqual(['chg_1-1']);
    }
    await books.run('update charges set parked_at = now()');
    expect(await found('stuck')).toEqual([]);
  });

  it('a subscription and an event that are long due', async () => {
    await books.run('update subscriptions set due_at = $1', [ago(2)]);
    await event({ outcome: null, processed_at: null, next_attempt_at: ago(2) });
    expect(await found('stuck')).toEqual(['evt_1', 'sub_1']);
    await books.run('update subscriptions set parked_at = now()');
    expect(await found('stuck')).toEqual(['evt_1']);
  });

  it.each(CHARGE_STATUSES.filter((status) => !isOpen(status)))('a charge that is %s and was not, or never will be, compared', async (status) => {
    await books.invoice();
    await books.charge({ status, next_check_at: ago(-24), ...(status !== 'withdrawn' && { sends: 1, first_sent_at: ago(24 * 14), last_sent_at: ago(24 * 14) }) });
    expect(await found('unverified')).toEqual([]);
    for (const at of [ago(25), null]) {
      await books.run('update charges set next_check_at = $1', [at]);
      expect(await found('unverified')).toEqual(['chg_1-1']);
    }
    await books.run('update charges set verified_at = now()');
    expect(await found('unverified')).toEqual([]);
  });

  it('a charge that was looked at again and again, and never compared', async () => {
    await books.invoice();
    await books.charge({ status: 'captured', gateway_payment_id: 'pay_1', next_check_at: ago(-0.1), checks: 4 });
    expect(await found('unverified')).toEqual([]);
    await books.run('update charges set checks = 5');
    expect(await found('unverified')).toEqual(['chg_1-1']);
    await park('difference', 'chg_1-1');
    expect(await found('unverified')).toEqual([]);
    await books.run('update parked_rows set released_at = now()');
    await books.run('update charges set verified_at = now(), next_check_at = null');
    expect(await found('unverified')).toEqual([]);
  });
});
