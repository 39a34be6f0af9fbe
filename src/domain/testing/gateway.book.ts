import type { Charge } from '../charge.js';
import type { PaymentFact } from '../observation.js';

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

/**
 * What an honest gateway knows: one payment per key as long as it remembers the key, and what became of
 * each. The engine sees of it only what it is told.
 */
export class GatewayBook {
  readonly payments: Payment[] = [];
  /** Captured payments that the engine was told of, with their amounts: what its books must show. */
  readonly told = new Map<string, number>();

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

  of(charge: string): Payment | undefined {
    return this.payments.find((payment) => payment.charge === charge);
  }

  /** Decides a payment; one that failed may be captured after all, nothing else is ever decided twice. */
  decide(payment: Payment, fate: Fate): void {
    const now = payment.history.at(-1);
    if (now === 'pending' || (fate === 'captured' && now !== 'captured')) payment.history.push(fate);
  }
}
