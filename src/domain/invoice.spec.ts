import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amounts, firstLines, recurringLine, type InvoiceLine } from './invoice.js';
import { type Currency, minimumCharge, money } from './money.js';
import { aPlan } from './testing/case.builder.js';

const currencies = fc.constantFrom<Currency>('CNY', 'USD', 'JPY');
const lines = fc.array(fc.record({ unit: fc.integer({ min: 0, max: 100_000 }), quantity: fc.integer({ min: 0, max: 9 }) }), {
  minLength: 1,
  maxLength: 5,
});
const asLines = (parts: { unit: number; quantity: number }[]): InvoiceLine[] =>
  parts.map(({ unit, quantity }) => ({
    type: 'recurring', description: 'Tea', quantity, unit_amount: money(unit), amount: money(unit * quantity),
  }));

describe('amounts', () => {
  it('always add up: lines to the total, balance and amount due to the total', () => {
    fc.assert(
      fc.property(lines, currencies, fc.integer({ min: -100_000, max: 1_000_000 }), (parts, currency, balance) => {
        const sums = amounts(asLines(parts), currency, balance);
        expect(sums.total).toBe(parts.reduce((sum, { unit, quantity }) => sum + unit * quantity, 0));
        expect(sums.subtotal - sums.discount + sums.tax).toBe(sums.total);
        expect(sums.balance_applied + sums.amount_due).toBe(sums.total);
        expect(sums.amount_due).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('never use more of the balance than there is, and none that is not in the customer’s favour', () => {
    fc.assert(
      fc.property(lines, currencies, fc.integer({ min: -100_000, max: 1_000_000 }), (parts, currency, balance) => {
        const { balance_applied } = amounts(asLines(parts), currency, balance);
        expect(balance_applied).toBeGreaterThanOrEqual(0);
        expect(balance_applied).toBeLessThanOrEqual(Math.max(0, balance));
      }),
    );
  });

  it('never leave a rest that the gateway would refuse as too small', () => {
    fc.assert(
      fc.property(lines, currencies, fc.nat(1_000_000), (parts, currency, balance) => {
        const { total, amount_due } = amounts(asLines(parts), currency, balance);
        const smallest = minimumCharge(currency);
        if (total >= smallest && amount_due > 0) expect(amount_due).toBeGreaterThanOrEqual(smallest);
      }),
    );
  });

  it.each([
    { balance: 0, due: 3900 },
    { balance: 900, due: 3000 },
    { balance: 3890, due: 10 },
    { balance: 3891, due: 10 },
    { balance: 3899, due: 10 },
    { balance: 3900, due: 0 },
    { balance: 9999, due: 0 },
    { balance: -500, due: 3900 },
  ])('of ¥39.00 with a balance of $balance fen leave $due fen to pay', ({ balance, due }) => {
    expect(amounts(asLines([{ unit: 3900, quantity: 1 }]), 'CNY', balance).amount_due).toBe(due);
  });
});

describe('the first invoice', () => {
  const { version } = aPlan({ version: { amount: 2495, setup_fee: 5000 } });

  it('E02: bills the setup fee with the first period, whatever the quantity', () => {
    const first = firstLines('Tea', version, 2, { days: 0, amount: 0 });
    expect(first.map(({ type, quantity, amount }) => ({ type, quantity, amount }))).toEqual([
      { type: 'recurring', quantity: 2, amount: 4990 },
      { type: 'setup_fee', quantity: 1, amount: 5000 },
    ]);
  });

  it('says on each line what it is for', () => {
    const descriptions = (trial: { days: number; amount: number }): string[] =>
      firstLines('Tea', version, 1, trial).map((line) => line.description);
    expect(descriptions({ days: 0, amount: 0 })).toEqual(['Tea', 'Tea (setup)']);
    expect(descriptions({ days: 7, amount: 100 })).toEqual(['Tea (trial, 7 days)', 'Tea (setup)']);
  });

  it('bills a paid trial instead of the period, and the setup fee with it', () => {
    const first = firstLines('Tea', version, 2, { days: 7, amount: 100 });
    expect(first.map(({ type, amount }) => ({ type, amount }))).toEqual([
      { type: 'trial', amount: 100 },
      { type: 'setup_fee', amount: 5000 },
    ]);
  });

  it('has no line for a fee that is not asked', () => {
    expect(firstLines('Tea', aPlan().version, 1, { days: 0, amount: 0 })).toEqual([recurringLine('Tea', aPlan().version, 1)]);
  });
});
