import type { BillingCase } from './case.js';
import { type Charge, isCustomerPresent } from './charge.js';
import { nextSourceStatus, type Source } from './source.js';

/** The wallet that pays: what the answer names, except that a stored wallet is the one we charged. */
export function payingSource(c: BillingCase, charge: Charge, gatewaySourceId: string | null): Source | null {
  if (gatewaySourceId === null || !isCustomerPresent(charge.kind)) return c.sources.find(charge.source);
  return noteSource(c, charge, gatewaySourceId);
}

/** The wallet id comes with the first answer, long before it may be charged. */
function noteSource(c: BillingCase, charge: Charge, gatewaySourceId: string): Source {
  const [index, ...replaced] = c.wallets.indexesOf(gatewaySourceId);
  const known = c.sources.all().find((s) => s.gateway_source_index === index || replaced.includes(s.gateway_source_index));
  if (known) return known;
  const id = c.newId('psrc');
  return c.sources.add({
    id,
    gateway_source_id: c.wallets.seal(id, gatewaySourceId),
    gateway_source_index: index,
    customer: charge.customer,
    subscription: charge.subscription,
    charge: charge.id,
    status: 'pending',
    ended_reason: null,
    ended_at: null,
    created_at: c.now,
    updated_at: c.now,
  });
}

/** The captured wallet becomes the subscription's own; the one before it is never charged again. */
export function holdSource(c: BillingCase, source: Source): void {
  const before = c.sources.find(c.subscription.source);
  const held = c.sources.patch(source.id, {
    status: nextSourceStatus(source.status, 'capture'),
    ended_reason: null,
    ended_at: null,
    updated_at: c.now,
  });
  c.patch({ source: held.id });
  // A wallet that is held already and pays once more is no news.
  if (held.status !== source.status) c.tellSource('source.captured', held);
  if (before && before.id !== held.id) retireSource(c, before);
}

/** A wallet that another replaced, or that came too late: it is never charged. */
export function retireSource(c: BillingCase, source: Source): void {
  const status = nextSourceStatus(source.status, 'supersede');
  if (status === source.status) return;
  const retired = c.sources.patch(source.id, { status, ended_reason: 'superseded', ended_at: c.now, updated_at: c.now });
  c.tellSource('source.superseded', retired);
}
