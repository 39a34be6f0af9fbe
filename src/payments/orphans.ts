import { Injectable } from '@nestjs/common';
import type { ParkedRow } from '../parking/parked.row.js';
import { Parking } from '../parking/parking.js';
import { Database } from '../platform/database/database.js';

const LARGEST_SET = 100;

/**
 * Payments at the gateway that carry our reference and that no charge of ours is: money of a life that this
 * database has forgotten. They are parked; when the charge comes to exist after all, they go back into work.
 */
@Injectable()
export class Orphans {
  constructor(
    private readonly database: Database,
    private readonly parking: Parking,
  ) {}

  /** Releases the parked ones whose charge exists by now. Returns how many there were. */
  async run(): Promise<number> {
    const found = await this.database.query<ParkedRow>(
      `select p.* from parked_rows p
        where p.kind = 'orphan' and p.released_at is null
          and exists (select 1 from gateway_events e
                       join charges c on c.reference = e.reference or c.gateway_payment_id = e.payment_id
                      where e.payment_id = p.row_id
                        and e.outcome in ('foreign', 'orphan') and e.reference like 'zq-%')
        limit $1`,
      [LARGEST_SET],
    );
    for (const row of found) await this.parking.putBack(row);
    return found.length;
  }
}
