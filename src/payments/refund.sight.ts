import { Injectable, Logger } from '@nestjs/common';
import type { Refund } from '../domain/refund.js';
import { unexplained } from '../domain/refunding.js';
import { Gateway, LookupFailed } from '../gateway/gateway.port.js';
import { Database } from '../platform/database/database.js';
import { SettlementDoor } from './settlement.door.js';

/** What a look at a refund's payment came to. */
export type Sighting = 'shown' | 'nothing' | 'unclear';

/** Looks at the payment of a refund: what the gateway shows there goes through the settlement door. */
@Injectable()
export class RefundSight {
  private readonly log = new Logger(RefundSight.name);

  constructor(
    private readonly database: Database,
    private readonly gateway: Gateway,
    private readonly door: SettlementDoor,
  ) {}

  /** Whether the gateway holds nothing that could be this refund. */
  async isClear(refund: Refund): Promise<boolean> {
    return (await this.look(refund)) === 'nothing';
  }

  async look(refund: Refund): Promise<Sighting> {
    try {
      const found = await this.gateway.payment(refund.gateway_payment_id, true);
      if (!found) return 'unclear';
      await this.door.settle({ charge: refund.charge, request_id: found.requestId, kind: 'fact', fact: found.fact });
      const ofTheCharge = await this.database.query<Refund>('select * from refunds where charge = $1', [refund.charge]);
      const shown = (found.fact.refunds ?? []).some(
        (fact) => fact.action_id === refund.gateway_action_id || fact.reference === refund.reference,
      );
      if (shown) return 'shown';
      // Money is held back for something that is not shown yet: it may well be this refund.
      return unexplained(ofTheCharge, found.fact) > 0 ? 'unclear' : 'nothing';
    } catch (error) {
      if (!(error instanceof LookupFailed)) throw error;
      this.log.warn({ refund: refund.id, reason: error.message }, 'the payment of a refund could not be looked at');
      return 'unclear';
    }
  }
}
