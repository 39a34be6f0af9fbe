import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACCOUNTS, type Account, chargeRefunded, invoiceFinalized, invoicePaid, invoiceVoided, invoiceWrittenOff, type Posting,
  surplusCaptured, surplusCredited, surplusRefunded, writeOffReversed,
} from './ledger.js';
import { cancel } from './lifecycle.js';
import { captures, declines, Life, staysPending, type Gateway } from './testing/life.story.js';

const billed = fc
  .record({ total: fc.nat(999_999_999), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ total, share }) => {
    const applied = Math.floor(total * share);
    return { id: 'inv_1', currency: 'CNY', total, balance_applied: applied, amount_due: total - applied };
  });

function sums(postings: readonly Posting[]): Partial<Record<Account, number>> {
  const totals: Partial<Record<Account, number>> = {};
  for (const { account, amount } of postings.flatMap((posting) => posting.entries)) {
    totals[account] = (totals[account] ?? 0) + amount;
  }
  return totals;
}

const owed = (postings: readonly Posting[]): number => sums(postings).receivable ?? 0;

describe('a posting', () => {
  it('sums to zero, moves something, and names its fact once', () => {
    fc.assert(
      fc.property(billed, (invoice) => {
        const money = { gateway_payment_id: 'pay_1', amount: invoice.amount_due, currency: 'CNY' };
        const facts = [invoiceFinalized, invoiceVoided, invoiceWrittenOff, writeOffReversed].flatMap((book) => book(invoice));
        const all = [...facts, ...invoicePaid(money)];
        for (const { entries } of [...all, ...surplusCaptured(money)]) {
          expect(entries.reduce((sum, entry) => sum + entry.amount, 0)).toBe(0);
          for (const { account, amount } of entries) {
            expect(amount).not.toBe(0);
            expect(Object.keys(ACCOUNTS)).toContain(account);
          }
        }
        expect(new Set(all.map((posting) => posting.source_key)).size).toBe(all.length);
      }),
    );
  });

  it('books one payment once, whether it pays or is surplus', () => {
    const money = { gateway_payment_id: 'pay_1', amount: 3900, currency: 'CNY' };
    expect(invoicePaid(money)[0]?.source_key).toBe(surplusCaptured(money)[0]?.source_key);
  });
});

describe('what each fact is called', () => {
  const invoice = { id: 'inv_1', currency: 'CNY', total: 3_900, balance_applied: 900, amount_due: 3_000 };
  const capture = { gateway_payment_id: 'pay_1', amount: 3_000, currency: 'CNY' };
  const back = { id: 'rfnd_1', amount: 500, currency: 'CNY' };

  it.each([
    [invoiceFinalized(invoice), [['inv_1:finalized', 'invoice_finalized', 'receivable', 'revenue', 3_900], ['inv_1:balance', 'balance_applied', 'customer_balance', 'receivable', 900]]],
    [invoiceVoided(invoice), [['inv_1:voided', 'invoice_voided', 'revenue', 'receivable', 3_900], ['inv_1:balance_returned', 'balance_applied', 'receivable', 'customer_balance', 900]]],
    [invoiceWrittenOff(invoice), [['inv_1:written_off', 'write_off', 'bad_debt', 'receivable', 3_000]]],
    [writeOffReversed(invoice), [['inv_1:written_back', 'write_back', 'receivable', 'bad_debt', 3_000]]],
    [invoicePaid(capture), [['pay_1:capture', 'capture', 'gateway_clearing', 'receivable', 3_000]]],
    [surplusCaptured(capture), [['pay_1:capture', 'surplus', 'gateway_clearing', 'surplus', 3_000]]],
    [chargeRefunded(back), [['rfnd_1:refunded', 'refund', 'refunds', 'gateway_clearing', 500]]],
    [surplusRefunded(back), [['rfnd_1:refunded', 'refund', 'surplus', 'gateway_clearing', 500]]],
    [surplusCredited({ id: 'chg_1', currency: 'CNY' }, 500), [['chg_1:credited', 'credit', 'surplus', 'customer_balance', 500]]],
  ])('and which accounts it moves money between (%#)', (postings, expected) => {
    const booked = postings.map(({ source_key, kind, entries }) => [source_key, kind, entries[0]?.account, entries[1]?.account, entries[0]?.amount]);
    expect(booked).toEqual(expected);
  });
});

describe('an invoice is settled in full', () => {
  it('by its payment, by being voided, or by being given up', () => {
    fc.assert(
      fc.property(billed, (i) => {
        const issued = invoiceFinalized(i);
        expect(owed(issued)).toBe(i.amount_due);
        const paid = invoicePaid({ gateway_payment_id: 'pay_1', amount: i.amount_due, currency: 'CNY' });
        expect(owed([...issued, ...paid])).toBe(0);
        expect(owed([...issued, ...invoiceWrittenOff(i)])).toBe(0);
        expect(owed([...issued, ...invoiceWrittenOff(i), ...writeOffReversed(i), ...paid])).toBe(0);
        expect(Object.values(sums([...issued, ...invoiceVoided(i)])).every((sum) => sum === 0)).toBe(true);
      }),
    );
  });
});

describe('the books of a life', () => {
  const answers = fc.infiniteStream(fc.constantFrom<Gateway>(captures, captures, declines(), declines('200R1'), staysPending));

  it('say at any time what is owed and what the gateway has captured', () => {
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 30 }), fc.boolean(), (gateway, weeks, canceled) => {
        const life = Life.active({ version: { interval: 'week', amount: 2000 } });
        for (let n = 0; n < weeks; n += 1) life.passDays(7, (charge) => gateway.next().value(charge));
        if (canceled && life.subscription.status !== 'canceled') life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
        const open = life.invoices.filter((invoice) => invoice.status === 'open');
        const captured = life.charges.filter((charge) => charge.status === 'captured');
        const booked = sums(life.postings);
        expect(booked.receivable ?? 0).toBe(open.reduce((sum, invoice) => sum + invoice.amount_due, 0));
        expect(booked.gateway_clearing).toBe(captured.reduce((sum, charge) => sum + charge.amount, 0));
        expect(Object.values(booked).reduce((sum, amount) => sum + amount, 0)).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
