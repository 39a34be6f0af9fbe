import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACCOUNTS, type Account, invoiceFinalized, invoicePaid, invoiceVoided, invoiceWrittenOff, type Posting, surplusCaptured,
  writeOffReversed,
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
