import type { Charge } from '../charge.js';
import type { PaymentFact, RefundFact } from '../observation.js';
import type { Refund } from '../refund.js';

const DAY_MS = 86_400_000;
export type Fate = Exclude<PaymentFact['status'], 'pending'>;

/** A payment as the gateway holds it, with everything that it has ever been: news may be old. */
export interface Payment {
  id: string;
  charge: string;
  key: string;
  amount: number;
  source: string;
  code: string | null;
  history: PaymentFact['status'][];
  madeAt: Date;
}

export interface GivenBack {
  id: string;
  refund: string;
  charge: string;
  payment: string;
  amount: number;
  reference: string;
  status: RefundFact['status'];
  madeAt: Date;
}

/**
 * What an honest gateway knows: one payment per key as long as it remembers the key, and what became of
 * each. The engine sees of it only what it is told.
 */
export class GatewayBook {
  readonly payments: Payment[] = [];
  readonly refunds: GivenBack[] = [];
  /** What the engine was told of, and its books must show: captured payments and refunds that succeeded. */
  readonly told = { captures: new Map<string, number>(), refunds: new Map<string, { charge: string; amount: number }>() };

  constructor(readonly firstBalance: number) {}

  /** A request arrives. The key's memory is a day long, as the gateway's is. */
  take(charge: Charge, now: Date, code: string | null): Payment {
    const known = this.of(charge.id);
    const remembered = known && now.getTime() - known.madeAt.getTime() < DAY_MS;
    if (known && remembered) return known;
    if (known) throw new Error(`${charge.id} was sent again after its key was forgotten: it is paid twice`);
    return this.make(charge, `pay_${charge.id}`, now, code);
  }

  /** The gateway breaks its word and makes a second payment of one request. */
  makeTwin(charge: Charge, now: Date): Payment {
    return this.make(charge, `pay_${charge.id}_twin`, now, null);
  }

  private make(charge: Charge, id: string, madeAt: Date, code: string | null): Payment {
    const { id: of, idempotency_key: key, amount } = charge;
    const payment: Payment = { id, charge: of, key, amount, source: `src_${of}`, code, history: ['pending'], madeAt };
    this.payments.push(payment);
    return payment;
  }

  /** A refund is asked for: once per key, and never more than the payment has left. */
  takeRefund(refund: Refund, now: Date): GivenBack {
    const known = this.refunds.find((taken) => taken.refund === refund.id);
    if (known && now.getTime() - known.madeAt.getTime() < DAY_MS) return known;
    if (known) throw new Error(`${refund.id} was sent again after its key was forgotten: it is given back twice`);
    const payment = this.payments.find((p) => p.id === refund.gateway_payment_id);
    const gone = this.refunds.filter((taken) => taken.payment === payment?.id && taken.status !== 'declined');
    const left = (payment?.amount ?? 0) - gone.reduce((sum, taken) => sum + taken.amount, 0);
    if (refund.amount > left) throw new Error(`${refund.id} asks for ${refund.amount}, ${left} are left of its payment`);
    const { id, charge, amount, reference } = refund;
    const taken: GivenBack = { id: `act_${id}`, refund: id, charge, payment: payment?.id ?? '', amount, reference, status: 'pending', madeAt: now };
    this.refunds.push(taken);
    return taken;
  }

  of(charge: string): Payment | undefined {
    return this.payments.find((payment) => payment.charge === charge);
  }

  /** Decides a payment; one that failed may be captured after all, nothing else is ever decided twice. */
  decide(payment: Payment, fate: Fate): void {
    const now = payment.history.at(-1);
    if (now === 'pending' || (fate === 'captured' && now !== 'captured')) payment.history.push(fate);
  }
}
