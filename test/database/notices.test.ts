import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aCharge, START } from '../../src/domain/testing/case.builder.js';
import { REFUSED, SeededBooks } from '../support/seeded.books.js';

let books: SeededBooks;
beforeAll(async () => {
  books = await SeededBooks.open();
});
afterAll(() => books.close());
beforeEach(() => books.run('begin'));
afterEach(() => books.run('rollback'));

const DAY_MS = 86_400_000;
const day = (days: number): Date => new Date(START.getTime() + days * DAY_MS);

describe('no stored wallet is charged before its notice is old enough', () => {
  beforeEach(() => books.invoice({ charge_from: day(5) }));
  const charge = (kind: 'recurring' | 'retry' | 'checkout' | 'initial', at: Date) => books.refusalOfInsert('charges', aCharge({ kind, created_at: at }));

  it.each(['recurring', 'retry'] as const)('a %s charge is refused before, and taken from then on', async (kind) => {
    expect(await charge(kind, new Date(day(5).getTime() - 1))).toBe(REFUSED.check);
    expect(await charge(kind, day(5))).toBeNull();
  });

  it.each(['checkout', 'initial'] as const)('what the customer pays himself (%s) needs no notice', async (kind) => {
    expect(await charge(kind, START)).toBeNull();
  });

  it('and where no notice was called for, nothing is refused', async () => {
    await books.run('delete from invoices');
    await books.invoice();
    expect(await charge('recurring', START)).toBeNull();
  });

  it('what a notice has put off may be put off further, never sooner', async () => {
    const put = (value: Date | null) => books.refusal('update invoices set charge_from = $1', [value]);
    expect(await put(new Date(day(5).getTime() - 1))).toBe(REFUSED.check);
    expect(await put(null)).toBe(REFUSED.check);
    expect(await put(day(6))).toBeNull();
  });
});

describe('a charge without a notice in time is a contradiction', () => {
  const found = async () => (await books.run<{ kind: string }>('select kind from coherence($1)', [day(5.5)])).filter(({ kind }) => kind === 'unnoticed').length;
  const notice = (at: Date, said: object) =>
    books.plant('events', {
      id: 'evnt_1', type: 'subscription.renewal_upcoming', subject: 'sub_1', sequence: 1, created_at: at, recorded_at: at,
      data: { object: { amount: 3900, charge_at: day(5), ...said } },
    });
  beforeEach(async () => {
    await books.invoice({ charge_from: day(5) });
    await books.charge({ created_at: day(5), sends: 1, first_sent_at: day(5), last_sent_at: day(5), status: 'pending' });
  });

  it('found where nothing was told', async () => {
    expect(await found()).toBe(1);
  });

  it.each([
    ['in time, as much, for that date', START, {}, 0],
    ['of more money', START, { amount: 5000 }, 0],
    ['too late', new Date(START.getTime() + 1), {}, 1],
    ['of less money', START, { amount: 3899 }, 1],
    ['for another date', START, { charge_at: day(4) }, 1],
  ])('told %s', async (_, at, said, contradictions) => {
    await notice(at, said);
    expect(await found()).toBe(contradictions);
  });
});

describe('when a plan or a country begins to ask for notice', () => {
  const engine = new Date('2026-03-01T00:00:00.000Z');
  const dueOf = async (): Promise<unknown> => (await books.run('select notice_due_at, due_at from subscriptions'))[0];
  const active = (more = '') =>
    books.run(`update subscriptions set status = 'active', period_start = $1, period_end = $2, due_at = $2 ${more}`, [START, day(90)]);
  const required = () => books.run(`update plans set renewal_notice = 'required', updated_at = $1`, [engine]);

  it('its subscriptions are looked at at once: on the engine’s clock, or on their own', async () => {
    await active();
    await required();
    expect(await dueOf()).toEqual({ notice_due_at: engine, due_at: engine });
    await books.run('update subscriptions set notice_due_at = null, due_at = period_end');
    await books.run(`update customers set country = 'US', updated_at = $1`, [engine]);
    expect(await dueOf()).toEqual({ notice_due_at: engine, due_at: engine });
    await books.run(`insert into test_clocks values ('clk_1', $1, null, 'ready', null, '{}', $1, $1)`, [day(1)]);
    await books.run(`update subscriptions set notice_due_at = null, due_at = period_end, test_clock = 'clk_1'`);
    await books.run(`update customers set country = 'CN', updated_at = $1`, [engine]);
    expect(await dueOf()).toEqual({ notice_due_at: day(1), due_at: day(1) });
  });

  it('but for those whose notice was given, those that have ended, and where nothing has changed', async () => {
    await active(`, noticed_at = '2026-03-01', noticed_period_no = 2, noticed_amount = 3900`);
    await required();
    expect(await dueOf()).toEqual({ notice_due_at: null, due_at: day(90) });
    await books.run(`update subscriptions set noticed_at = null, noticed_period_no = null, noticed_amount = null, status = 'unpaid'`);
    await books.run(`update customers set country = 'US'`);
    await books.run(`update subscriptions set status = 'active'`);
    await required();
    await books.run(`update customers set country = 'US'`);
    await books.run(`update plans set renewal_notice = 'off'`);
    expect(await dueOf()).toEqual({ notice_due_at: null, due_at: day(90) });
  });
});
