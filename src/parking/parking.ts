import { Injectable, Logger } from '@nestjs/common';
import { recordEvents } from '../events/outbox.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { newId } from '../platform/ids/ids.js';

export type ParkedKind = 'subscription' | 'charge' | 'refund' | 'gateway_event';

const TABLES: Record<ParkedKind, string> = {
  subscription: 'subscriptions',
  charge: 'charges',
  refund: 'refunds',
  gateway_event: 'gateway_events',
};

/**
 * Sets a row aside that cannot be worked on, with its error, so that it stops only itself. Told by an
 * event and a log line; listed and released by an operator.
 */
@Injectable()
export class Parking {
  private readonly log = new Logger(Parking.name);

  constructor(private readonly database: Database) {}

  /** Something is wrong about a row that stays in work: recorded and told, nothing set aside. */
  async alert(chargeId: string, error: unknown): Promise<void> {
    await this.record('charge', chargeId, error, async () => undefined);
  }

  async park(kind: ParkedKind, rowId: string, error: unknown): Promise<void> {
    await this.record(kind, rowId, error, async (tx) => {
      const set =
        kind === 'gateway_event' ? `outcome = 'parked', processed_at = $2, next_attempt_at = null` : 'parked_at = $2';
      await tx.query(`update ${TABLES[kind]} set ${set} where id = $1`, [rowId, tx.now]);
    });
  }

  private async record(
    kind: ParkedKind,
    rowId: string,
    error: unknown,
    setAside: (tx: Transaction) => Promise<void>,
  ): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    this.log.error({ kind, row: rowId, err: error }, 'row parked');
    await this.database.transaction(async (tx) => {
      await setAside(tx);
      const parked = { id: newId('park'), object: 'parked_row', kind, row: rowId, error: message };
      const added = await tx.query(
        `insert into parked_rows (id, kind, row_id, error, parked_at) values ($1, $2, $3, $4, $5)
         on conflict (kind, row_id) where released_at is null do nothing returning id`,
        [parked.id, kind, rowId, message.slice(0, 2000), tx.now],
      );
      if (added.length === 0) return;
      await recordEvents(tx, [{ type: 'row.parked', subject: rowId, at: tx.now, data: { object: parked } }]);
    });
  }
}
