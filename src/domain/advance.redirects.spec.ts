import { describe, expect, it } from 'vitest';
import type { Charge } from './charge.js';
import { openCheckout } from './checkout.js';
import { cancel } from './lifecycle.js';
import { voidOwed } from './operator.js';
import { Life } from './testing/life.story.js';

const ask = (life: Life): Charge => life.decide((c) => openCheckout(c, c.subscription, 'next_renewal', { defaultCountry: 'CN' }));

/** The answer to the first redirect is lost, so a second one is opened for the same invoice. */
function twoRedirects(life: Life): readonly [lost: Charge, second: Charge] {
  ask(life);
  const lost = life.send(life.latest);
  life.observe({ charge: lost.id, request_id: null, kind: 'unknown', reason: 'time-out' });
  ask(life);
  const second = life.openRedirect();
  expect(second).toMatchObject({ invoice: lost.invoice, attempt: lost.attempt + 1 });
  return [lost, second];
}

describe('a renewal asked for in advance', () => {
  it('stays owed while a second redirect for it lies open; what a cancel gives back is the payment that paid it', () => {
    const life = Life.active();
    const [lost, second] = twoRedirects(life);
    life.hear(lost, 'declined');
    expect(life.invoice(2).status, 'the second may pay it yet').toBe('open');
    life.hear(second, 'captured', { source_id: `src_${second.id}` });
    expect(life.invoice(2).status).toBe('paid');
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.refunds).toMatchObject([{ charge: second.id, cause: 'cancel' }]);
  });

  it('is given back once where both redirects for it were paid: the later payment has gone back already', () => {
    const life = Life.active();
    const [lost, second] = twoRedirects(life);
    life.hear(second, 'captured', { source_id: `src_${second.id}` });
    life.hear(lost, 'captured', { source_id: `src_${lost.id}` });
    life.decide((c) => cancel(c, { at: 'now', refund: 'none', reason: null }));
    expect(life.refunds.map(({ charge, cause }) => [charge, cause])).toEqual([[lost.id, 'surplus'], [second.id, 'cancel']]);
  });

  it('stays void when the redirect of what an operator voided is heard to have failed', () => {
    const life = Life.active();
    ask(life);
    const redirect = life.openRedirect();
    life.passHours(1);
    life.decide((c) => voidOwed(c, c.invoices.get(redirect.invoice)));
    life.hear(redirect, 'expired');
    expect(life.invoices.at(-1)).toMatchObject({ status: 'void', void_reason: 'operator' });
  });
});
