import { Injectable, Logger } from '@nestjs/common';
import { type Charge, isCustomerPresent } from '../domain/charge.js';
import { Gateway, LookupFailed } from '../gateway/gateway.port.js';
import { Database } from '../platform/database/database.js';
import { SettlementDoor } from './settlement.door.js';

/** Looks at all that a charge's period may have been paid by already: what is found goes through the settlement door. */
@Injectable()
export class ChargeSight {
  private readonly log = new Logger(ChargeSight.name);

  constructor(
    private readonly database: Database,
    private readonly gateway: Gateway,
    private readonly door: SettlementDoor,
  ) {}

  /** Whether the gateway shows nothing under the charge's own reference, and nothing can come of an earlier attempt any more. */
  async isClear(charge: Charge): Promise<boolean> {
    const attempts = await this.database.query<Charge>(
      `select * from charges where subscription = $1 and period_no = $2 and attempt <= $3 and status <> 'captured'
        order by attempt`,
      [charge.subscription, charge.period_no, charge.attempt],
    );
    try {
      for (const attempt of attempts) if (!(await this.isOver(attempt, attempt.id === charge.id))) return false;
      return true;
    } catch (error) {
      if (!(error instanceof LookupFailed)) throw error;
      this.log.warn({ charge: charge.id, reason: error.message }, 'what may have been sent before could not be looked at');
      return false;
    }
  }

  private async isOver(attempt: Charge, itself: boolean): Promise<boolean> {
    const found = await this.gateway.paymentsByReference(attempt.reference);
    for (const { fact, requestId } of found) {
      await this.door.settle({ charge: attempt.id, request_id: requestId, kind: 'fact', fact });
    }
    if (itself) return found.length === 0;
    return isCustomerPresent(attempt.kind) || found.every(({ fact }) => fact.status !== 'pending');
  }
}
