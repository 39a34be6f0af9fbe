import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fate, GatewayBook } from './testing/gateway.book.js';
import { settleDown, tell } from './testing/life.commands.js';
import { lifeCommands, settleRefunds } from './testing/refund.commands.js';
import { accountSums, stateLaws } from './testing/state.laws.js';
import { Life } from './testing/life.story.js';
import type { Terms } from './testing/case.builder.js';
import { report, runs } from './testing/runs.js';

const terms: fc.Arbitrary<Terms> = fc
  .record({
    interval: fc.constantFrom('day', 'week', 'month'),
    count: fc.constantFrom(1, 1, 5),
    renewal_notice: fc.constantFrom('required', 'off'),
    trial: fc.constantFrom([0, 0], [0, 0], [7, 0], [7, 1_000], [4, 1_000]),
    fee: fc.constantFrom(0, 0, 500),
    quantity: fc.integer({ min: 1, max: 2 }),
    balance: fc.constantFrom(0, 0, 1_500, 12_000),
    final_action: fc.constantFrom('cancel', 'unpaid', 'pause'),
    short: fc.boolean(),
    technical: fc.constantFrom(0, 1, 2),
    office_hours: fc.boolean(),
    catch_up: fc.constantFrom('all', 'latest'),
  })
  .map(({ interval, count, trial: [days, amount], fee, quantity, balance, final_action, short, technical, office_hours, catch_up, renewal_notice }) => ({
    version: { interval, interval_count: count, amount: 2_000, trial_days: days ?? 0, trial_amount: amount ?? 0, setup_fee: fee },
    plan: { catch_up, renewal_notice },
    quantity,
    balance,
    policy: {
      final_action,
      technical_retries: Array.from({ length: technical }, () => ({ after: '2h' })),
      allowed_hours: office_hours ? { from: '22:30', to: '17:00' } : null,
      ...(short && { retries: [{ after: '1d', notify: false }] }),
    },
  }));

const surpluses = fc.constantFrom('refund' as const, 'credit' as const);

/** A sign-up whose redirect has just been opened, or its free trial; paid at once, if it is to start so. */
function begin(wanted: Terms, paid: boolean, surplus: Life['surplusPolicy'] = 'refund'): { model: GatewayBook; real: Life } {
  const life = Life.signUp(wanted);
  life.surplusPolicy = surplus;
  const book = new GatewayBook(wanted.balance ?? 0);
  for (const charge of life.charges) {
    const payment = book.take(charge, life.now, null);
    if (!paid) continue;
    book.decide(payment, 'captured');
    tell(book, life, payment, 'captured');
  }
  return { model: book, real: life };
}

const ENDLESS = { retries: Array.from({ length: 500 }, () => ({ after: '3d', notify: false })) };

/** What must not depend on the order. Which of two captures is the surplus one, and which wallet stays, do. */
function settled(life: Life): object {
  return {
    status: life.subscription.status,
    paid_through: life.subscription.paid_through,
    charges: life.charges.map(({ id, status }) => `${id} ${status}`).sort(),
    invoices: life.invoices.map(({ id, status, amount_paid, amount_due }) => ({ id, status, amount_paid, amount_due })),
    surplus: life.invoices.map(({ id }) => life.charges.filter((charge) => charge.invoice === id && charge.surplus).length),
    books: accountSums(life),
  };
}

const lives = runs(150, 0.02);
const orders = runs(50, 0.02);

describe('whatever the gateway, the customer, the merchant and time do', () => {
  it('no period is charged twice and none is forgotten, the books balance, and everything is told', () => {
    fc.assert(
      fc.property(terms, fc.boolean(), surpluses, lifeCommands(60), (wanted, paid, surplus, commands) => {
        const { model, real } = begin(wanted, paid, surplus);
        fc.modelRun(() => ({ model, real }), commands);
        settleDown(model, real);
        settleRefunds(model, real);
        stateLaws(real, model.told, model.firstBalance);
      }),
      lives,
    );
    report(`${lives.numRuns} random lives`);
  });

  it('the order in which news arrive decides nothing', () => {
    const news = fc.array(fc.record({ who: fc.nat(1_000), fate: fc.constantFrom<Fate>('captured', 'declined', 'expired') }), { minLength: 1, maxLength: 12 });
    const places = fc.infiniteStream(fc.nat(1_000));
    fc.assert(
      fc.property(terms, lifeCommands(20), news, places, (wanted, commands, decided, place) => {
        // With a ladder that never ends: its last step is a decision in time, which news after it find made.
        const { model, real } = begin({ ...wanted, policy: ENDLESS }, true);
        fc.modelRun(() => ({ model, real }), commands);
        // What is asked for in advance is dropped with its redirect: a decision in time as well.
        fc.pre(real.subscription.advance_invoice === null);
        for (const { who, fate } of decided) {
          const payment = model.payments[who % model.payments.length];
          if (payment) model.decide(payment, fate);
        }
        const facts = model.payments.flatMap((payment) => payment.history.map((state) => ({ payment, state })));
        const shuffled = [...facts, ...facts].map((fact) => ({ fact, at: place.next().value })).toSorted((a, b) => a.at - b.at);
        const [straight, crooked] = [real.fork(), real.fork()];
        for (const { payment, state } of facts) tell(model, straight, payment, state);
        for (const { fact } of shuffled) tell(model, crooked, fact.payment, fact.state);
        for (const life of [straight, crooked]) stateLaws(life, model.told, model.firstBalance);
        expect(settled(crooked)).toEqual(settled(straight));
      }),
      orders,
    );
    report(`${orders.numRuns} orders of news`);
  });
});
