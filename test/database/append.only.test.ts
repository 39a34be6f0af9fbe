import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { START } from '../../src/domain/testing/case.builder.js';
import { REFUSED, SeededBooks } from '../support/seeded.books.js';

let books: SeededBooks;
beforeAll(async () => {
  books = await SeededBooks.open();
});
afterAll(() => books.close());
beforeEach(() => books.run('begin'));
afterEach(() => books.run('rollback'));

const FACT = { source_key: 'pay_1:capture', kind: 'capture', currency: 'CNY', customer: 'cust_1', subscription: 'sub_1', at: START, recorded_at: START };

const entries = (...rows: [account: string, amount: number][]): string =>
  `insert into ledger_entries values ${rows.map(([account, amount]) => `('pay_1:capture', '${account}', ${amount})`).join(', ')}`;

describe('the ledger', () => {
  beforeEach(() => books.insert('ledger_transactions', FACT));

  it('takes a transaction that sums to zero', async () => {
    expect(await books.refusal(entries(['gateway_clearing', 3900], ['receivable', -3900]))).toBeNull();
  });

  it.each([
    ['one leg only', entries(['gateway_clearing', 3900])],
    ['legs that differ', entries(['gateway_clearing', 3900], ['receivable', -3899])],
    ['an empty leg', entries(['gateway_clearing', 0], ['receivable', 0])],
  ])('refuses %s', async (_, sql) => {
    expect(await books.refusal(sql)).toBe(REFUSED.check);
  });

  it('refuses one unbalanced transaction among many', async () => {
    await books.insert('ledger_transactions', { ...FACT, source_key: 'pay_2:capture' });
    const sql = `${entries(['gateway_clearing', 3900], ['receivable', -3900])}, ('pay_2:capture', 'revenue', 1)`;
    expect(await books.refusal(sql)).toBe(REFUSED.check);
  });

  it('refuses a leg that comes later and tips the balance', async () => {
    await books.run(entries(['gateway_clearing', 3900], ['receivable', -3900]));
    expect(await books.refusal(entries(['revenue', -1]))).toBe(REFUSED.check);
  });

  it('refuses a fact that is booked twice, and a leg of no fact', async () => {
    expect(await books.refusalOfInsert('ledger_transactions', FACT)).toBe(REFUSED.unique);
    expect(await books.refusal(`insert into ledger_entries values ('pay_9:capture', 'revenue', 1), ('pay_9:capture', 'refunds', -1)`)).toBe(
      REFUSED.foreignKey,
    );
  });

  it.each([
    'update ledger_transactions set currency = currency',
    'delete from ledger_transactions',
    'truncate ledger_transactions cascade',
    'update ledger_entries set amount = amount',
    'delete from ledger_entries',
    'truncate ledger_entries',
  ])('forgets and changes nothing: %s', async (sql) => {
    expect(await books.refusal(sql)).toBe(REFUSED.appendOnly);
  });
});

describe('events', () => {
  const EVENT = { id: 'evnt_1', type: 'plan.created', subject: 'plan_1', sequence: 1, data: {}, created_at: START, recorded_at: START };
  beforeEach(() => books.insert('events', EVENT));

  it('number each subject’s life once', async () => {
    expect(await books.refusalOfInsert('events', { ...EVENT, id: 'evnt_2' })).toBe(REFUSED.unique);
    expect(await books.refusalOfInsert('events', { ...EVENT, id: 'evnt_2', sequence: 2 })).toBeNull();
    expect(await books.refusalOfInsert('events', { ...EVENT, id: 'evnt_3', subject: 'plan_2' })).toBeNull();
  });

  it.each(["update events set type = 'plan.updated'", 'truncate events'])('are not rewritten: %s', async (sql) => {
    expect(await books.refusal(sql)).toBe(REFUSED.appendOnly);
  });
});

describe('wallets', () => {
  it('are active one at a time', async () => {
    const wallet = {
      id: 'psrc_1', gateway_source_id: 'sealed', gateway_source_index: 'one', customer: 'cust_1', subscription: 'sub_1', charge: 'chg_1', status: 'active',
      ended_reason: null, ended_at: null, created_at: START, updated_at: START,
    };
    await books.insert('sources', wallet);
    expect(await books.refusalOfInsert('sources', { ...wallet, id: 'psrc_2', gateway_source_index: 'two' })).toBe(REFUSED.unique);
    expect(await books.refusalOfInsert('sources', { ...wallet, id: 'psrc_2', status: 'pending' })).toBe(REFUSED.unique);
    expect(await books.refusalOfInsert('sources', { ...wallet, id: 'psrc_2', gateway_source_index: 'two', status: 'pending' })).toBeNull();
  });
});
