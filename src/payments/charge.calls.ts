import { Injectable, Logger } from '@nestjs/common';
import { PaymentBody } from '../cases/payment.body.js';
import type { Charge } from '../domain/charge.js';
import type { ChargeObservation } from '../domain/observation.js';
import { Gateway, UnknownOutcome } from '../gateway/gateway.port.js';
import { Parking } from '../parking/parking.js';
import { Database } from '../platform/database/database.js';
import { Wallets } from '../wallets/wallets.js';
import { healthIn } from './gateway.health.js';
import { RateBudget } from './rate.budget.js';

/** The calls that charge: the bytes that were frozen with a charge go out, or nothing does. */
@Injectable()
export class ChargeCalls {
  private readonly log = new Logger(ChargeCalls.name);

  constructor(
    private readonly database: Database,
    private readonly gateway: Gateway,
    private readonly budget: RateBudget,
    private readonly bodies: PaymentBody,
    private readonly wallets: Wallets,
    private readonly parking: Parking,
  ) {}

  /** The gateway's names of the wallets that these charges take from: one question for the set. */
  names(charges: readonly Charge[]): Promise<ReadonlyMap<string, string>> {
    return this.wallets.names(this.database, charges.map((charge) => charge.source));
  }

  /** Sends a charge and says what came of it. One whose bytes cannot be had is not sent: it is set aside for a human. */
  async send(charge: Charge, names: ReadonlyMap<string, string>, deadline: number): Promise<ChargeObservation> {
    let body: string;
    try {
      body = this.bodies.bytesOf(charge, names);
    } catch (error) {
      await this.parking.park('charge', charge.id, error);
      return { charge: charge.id, request_id: null, kind: 'not_taken', reason: 'not_sent' };
    }
    return this.call(charge, body, deadline);
  }

  private async call(charge: Charge, body: string, deadline: number): Promise<ChargeObservation> {
    const request = {
      idempotencyKey: charge.idempotency_key,
      reference: charge.reference,
      body,
      currency: charge.currency,
    };
    try {
      const answer = await this.gateway.pay(request, deadline);
      await this.budget.report(healthIn(answer));
      const base = { charge: charge.id, request_id: answer.requestId };
      switch (answer.answer) {
        case 'accepted':
          return { ...base, kind: 'fact', fact: answer.fact };
        case 'refused':
          return { ...base, kind: 'refused', codes: answer.codes };
        case 'not_taken':
          this.log.warn({ charge: charge.id, reason: answer.reason }, 'the gateway did not take the request');
          return { ...base, kind: 'not_taken', reason: answer.reason };
      }
    } catch (error) {
      if (!(error instanceof UnknownOutcome)) throw error;
      this.log.warn({ charge: charge.id, reason: error.message }, 'outcome unknown');
      await this.budget.report('down');
      return { charge: charge.id, request_id: null, kind: 'unknown', reason: error.message };
    }
  }
}
