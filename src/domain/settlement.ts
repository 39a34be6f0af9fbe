import { isTopUp, onCheckoutFailed, settleTopUp } from './advance.js';
import type { BillingCase } from './case.js';
import { type Charge, type ChargeEvent, claimed, isCustomerPresent, isOpen, nextChargeStatus, REDIRECT_MINUTES } from './charge.js';
import { closeOwed } from './closing.js';
import { onAttemptAbsent, onAttemptFailed } from './collection.js';
import { cautiously, classOf, decisiveCode } from './decline.js';
import type { EventType } from './events.js';
import { type Invoice, invoiceTransitions } from './invoice.js';
import { invoicePaid, surplusCaptured, writeOffReversed } from './ledger.js';
import { type GatewayWindows, nextLookupAt, toCompare } from './lookup.js';
import { accepts } from './machine.js';
import { type ChargeObservation, Mismatch, type Observation, type PaymentFact } from './observation.js';
import { markPaid } from './payment.js';
import { credit, giveBackAfterCancel, giveBackSurplus, settleRefund, settleRefundFacts } from './refunding.js';
import { evidenceOf, lost, postponed, putBack, weighEmptyLookup } from './sending.js';
import { isEnded } from './subscription.js';
import { holdSource, payingSource, retireSource } from './wallet.js';

/**
 * The one door for truth: applies one observation to the case of its charge. Idempotent, free of order,
 * monotone: hearing something twice, late or after something newer changes nothing.
 */
export function settle(c: BillingCase, observation: Observation): void {
  if ('refund' in observation) settleRefund(c, observation);
  else settleCharge(c, observation);
}

function settleCharge(c: BillingCase, observation: ChargeObservation): void {
  const charge = c.charges.get(observation.charge);
  switch (observation.kind) {
    case 'fact':
      return settleFact(c, charge, observation.fact, observation.request_id);
    case 'refused':
      return settleRefused(c, charge, observation.codes, observation.request_id);
    case 'not_taken':
      // Once its outcome was unknown, a resend that was not taken leaves the first sending as unknown as before.
      if (charge.lost_at !== null) return settleUnknown(c, charge, observation.reason);
      c.patchCharge(charge.id, {
        status: nextChargeStatus(charge.status, 'not_taken'),
        ...putBack(charge, observation.reason, observation.request_id, c.engineNow),
      });
      return;
    case 'unknown':
      return settleUnknown(c, charge, observation.reason);
    case 'not_found':
      return settleNotFound(c, charge, observation.windows);
    case 'look_up_failed':
      if (isLookedFor(charge)) postpone(c, charge, nextLookupAt(charge, c.engineNow));
  }
}

/** Whether look-ups decide when the charge is looked at next; while it is sent or done with, they do not. */
function isLookedFor(charge: Charge): boolean {
  return charge.status === 'pending' || charge.status === 'unknown';
}

function settleUnknown(c: BillingCase, charge: Charge, reason: string): void {
  const unknown = c.patchCharge(charge.id, {
    status: nextChargeStatus(charge.status, 'lose'),
    ...lost(charge, reason, c.engineNow),
    ...redirectExpiry(charge),
  });
  c.tellCharge('charge.unknown', unknown);
}

function settleNotFound(c: BillingCase, charge: Charge, windows: GatewayWindows): void {
  if (charge.status !== 'unknown') {
    // A payment that the gateway once confirmed does not vanish; its answer was merely behind the times.
    if (isLookedFor(charge)) postpone(c, charge, nextLookupAt(charge, c.engineNow));
    return;
  }
  const { counted, verdict } = weighEmptyLookup(charge, windows, c.engineNow);
  switch (verdict.verdict) {
    case 'resend':
      // What is not owed any more is not asked for again; absence may still be proven.
      if (c.invoices.get(charge.invoice).status !== 'open') return postpone(c, counted, nextLookupAt(charge, c.engineNow));
      c.patchCharge(charge.id, { ...evidenceOf(counted), ...claimed(counted, c.engineNow) });
      return;
    case 'absent':
      return finish(c, counted, 'prove_absent', 'charge.absent', evidenceOf(counted), (gone) => {
        onCheckoutFailed(c, gone);
        onAttemptAbsent(c, gone);
      });
    case 'wait':
      postpone(c, counted, verdict.at);
  }
}

function postpone(c: BillingCase, charge: Charge, at: Date): void {
  c.patchCharge(charge.id, postponed(charge, at));
}

function settleRefused(c: BillingCase, charge: Charge, codes: readonly string[], requestId: string | null): void {
  const code = decisiveCode(codes) ?? 'request_invalid';
  const patch = {
    response_code: code,
    response_summary: codes.join(', ') || null,
    decline_class: cautiously(code),
    gateway_request_id: requestId,
  };
  finish(c, charge, 'refuse', 'charge.refused', patch, (refused) => failed(c, refused));
}

function settleFact(c: BillingCase, charge: Charge, fact: PaymentFact, requestId: string | null): void {
  if (charge.gateway_payment_id !== null && charge.gateway_payment_id !== fact.payment_id) {
    return settleSecondPayment(c, charge, fact, requestId);
  }
  check(charge, fact);
  const known = knownFrom(charge, fact, requestId);
  switch (fact.status) {
    case 'pending':
      return settlePending(c, charge, fact, requestId);
    case 'captured':
      settleCaptured(c, charge, fact, known);
      return settleRefundFacts(c, c.charges.get(charge.id), fact);
    case 'declined': {
      const decline_class = cautiously(known.response_code ?? null);
      return finish(c, charge, 'decline', 'charge.declined', { ...known, decline_class }, (done) => failed(c, done));
    }
    case 'expired':
      return finish(c, charge, 'expire', 'charge.expired', known, (done) => failed(c, done));
    case 'canceled':
      return finish(c, charge, 'cancel', 'charge.canceled', known, (done) => failed(c, done));
  }
}

/**
 * The gateway holds a second payment under the charge's reference: a sending that we thought lost made one
 * of its own. Only its money matters: it is booked as a charge of its own, which pays the invoice if
 * nothing else has, and is surplus otherwise.
 */
function settleSecondPayment(c: BillingCase, charge: Charge, fact: PaymentFact, requestId: string | null): void {
  const known = c.charges.all().find((other) => other.gateway_payment_id === fact.payment_id);
  if (known) return settleFact(c, known, fact, requestId);
  if (fact.status !== 'captured') return;
  check(charge, fact);
  settleFact(c, c.adoptCharge(charge), fact, requestId);
}

/** A fact about another payment, amount or currency must never move money here. */
function check(charge: Charge, fact: PaymentFact): void {
  if (fact.amount !== null && fact.amount !== charge.amount) {
    throw new Mismatch(`charge ${charge.id} asked for ${charge.amount}, the news says ${fact.amount}`);
  }
  if (fact.currency !== null && fact.currency !== charge.currency) {
    throw new Mismatch(`charge ${charge.id} is in ${charge.currency}, the news says ${fact.currency}`);
  }
}

function settlePending(c: BillingCase, charge: Charge, fact: PaymentFact, requestId: string | null): void {
  const patch = acknowledged(charge, fact, requestId, c.engineNow);
  if (patch === null) return;
  const source = payingSource(c, charge, fact.source_id);
  const pending = c.patchCharge(charge.id, {
    ...patch,
    ...redirectExpiry(charge),
    source: charge.source ?? source?.id ?? null,
  });
  if (charge.status !== 'pending') c.tellCharge('charge.pending', pending);
}

/**
 * What a charge becomes when the gateway says that it is deciding: the normal answer, which concerns the
 * charge alone. Null when it says nothing new. Throws {@link Mismatch}.
 */
export function acknowledged(charge: Charge, fact: PaymentFact, requestId: string | null, now: Date): Partial<Charge> | null {
  check(charge, fact);
  const status = nextChargeStatus(charge.status, 'accept');
  if (status !== 'pending') return null;
  const checks = charge.status === 'pending' ? charge.checks : 0;
  return {
    ...knownFrom(charge, fact, requestId),
    status,
    checks: checks + 1,
    next_check_at: nextLookupAt({ checks, first_sent_at: charge.first_sent_at }, now),
    lease_until: null,
  };
}

function knownFrom(charge: Charge, fact: PaymentFact, requestId: string | null): Partial<Charge> {
  return {
    gateway_payment_id: fact.payment_id,
    redirect_url: fact.redirect_url ?? charge.redirect_url,
    // The first one is that of the sending, which support is asked for.
    gateway_request_id: charge.gateway_request_id ?? requestId,
    response_code: fact.response_code ?? charge.response_code,
    response_summary: fact.response_code === null ? charge.response_summary : fact.response_summary,
  };
}

function redirectExpiry(charge: Charge): Partial<Charge> {
  if (!isCustomerPresent(charge.kind) || charge.expires_at !== null || charge.last_sent_at === null) return {};
  return { expires_at: new Date(charge.last_sent_at.getTime() + REDIRECT_MINUTES * 60_000) };
}

function settleCaptured(c: BillingCase, charge: Charge, fact: PaymentFact, known: Partial<Charge>): void {
  if (charge.status === 'captured') return;
  const source = payingSource(c, charge, fact.source_id);
  const invoice = c.invoices.get(charge.invoice);
  const toppedUp = isTopUp(invoice) && invoice.status === 'open';
  const pays = capturePays(c, invoice) && !toppedUp;
  const captured = c.patchCharge(charge.id, {
    ...known,
    status: nextChargeStatus(charge.status, 'capture'),
    source: charge.source ?? source?.id ?? null,
    surplus: !pays,
    settled_at: c.now,
    lease_until: null,
    ...toCompare(charge, c.engineNow),
  });
  const money = { gateway_payment_id: fact.payment_id, amount: charge.amount, currency: charge.currency };
  c.tellCharge('charge.captured', captured);
  if (isOpen(charge.status)) countAttempt(c, captured);
  if (toppedUp) {
    c.post(surplusCaptured(money));
    settleTopUp(c, invoice, source);
    c.tellCharge('charge.surplus', captured);
    credit(c, captured);
    return;
  }
  if (!pays) {
    c.post(surplusCaptured(money));
    const ended = isEnded(c.subscription);
    if (source && isCustomerPresent(charge.kind) && (ended || source.id !== c.subscription.source)) retireSource(c, source);
    c.tellCharge('charge.surplus', captured);
    giveBackSurplus(c, captured);
    if (ended) closeOwed(c);
    return;
  }
  if (invoice.status === 'uncollectible') c.post(writeOffReversed(invoice));
  c.post(invoicePaid(money));
  if (source && isCustomerPresent(charge.kind)) holdSource(c, source);
  markPaid(c, c.invoices.get(invoice.id));
  giveBackAfterCancel(c, captured);
}

/** Whether captured money pays the invoice, or pays for nothing and is to be given back. */
function capturePays(c: BillingCase, invoice: Invoice): boolean {
  // An end voids every invoice whose period has not begun: what is open or given up then was owed.
  return c.subscription.ended_by !== 'dunning' && accepts(invoiceTransitions, invoice.status, 'pay');
}

/** A charge reaches a final state other than captured; hearing it again does nothing. */
function finish(
  c: BillingCase,
  charge: Charge,
  event: ChargeEvent,
  told: EventType,
  patch: Partial<Charge>,
  then: (done: Charge) => void,
): void {
  const status = nextChargeStatus(charge.status, event);
  if (!isOpen(charge.status)) return;
  const done = c.patchCharge(charge.id, {
    ...patch,
    status,
    settled_at: c.now,
    lease_until: null,
    ...toCompare(charge, c.engineNow),
  });
  c.tellCharge(told, done);
  then(done);
}

function failed(c: BillingCase, charge: Charge): void {
  countAttempt(c, charge);
  noteHumansTask(c, charge);
  if (isCustomerPresent(charge.kind)) {
    c.tellInvoice('invoice.payment_failed', c.invoices.get(charge.invoice));
    onCheckoutFailed(c, charge);
    return;
  }
  onAttemptFailed(c, charge);
}

/** What no customer can mend, and what nobody can read, needs a human. */
function noteHumansTask(c: BillingCase, { id, decline_class, response_code, response_summary }: Charge): void {
  if (decline_class === null) return;
  const code = response_code ?? 'no code';
  // A refusal's summary lists its codes, the one that decides among them.
  const said = response_summary?.includes(code) ? response_summary : [code, response_summary].filter((text) => text !== null).join(', ');
  if (decline_class === 'configuration') c.alert(id, `our request or account was refused: ${said}`);
  else if (classOf(response_code) === null) c.alert(id, `failed for a reason that nobody knows: ${said}`);
}

function countAttempt(c: BillingCase, charge: Charge): void {
  const invoice = c.invoices.get(charge.invoice);
  c.patchInvoice(invoice.id, { attempt_count: invoice.attempt_count + 1 });
}
