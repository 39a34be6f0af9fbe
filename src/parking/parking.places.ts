import type { WakeTarget } from '../platform/batching/wake.js';
import type { Transaction } from '../platform/database/database.js';
import type { ParkedKind } from './parked.row.js';

/** How rows of a kind are taken out of work and put back into it. */
interface ParkingPlace {
  setAside(tx: Transaction, rowId: string): Promise<unknown>;
  putBack(tx: Transaction, rowId: string): Promise<unknown>;
  /** Who has work again when a row was put back. */
  wakes: readonly WakeTarget[];
}

/** Whoever parks it has taken it out of work himself. */
const nothing = () => Promise.resolve();

export const PARKING_PLACES: Record<ParkedKind, ParkingPlace> = {
  subscription: {
    setAside: (tx, id) => tx.query('update subscriptions set parked_at = $2 where id = $1', [id, tx.now]),
    putBack: (tx, id) => tx.query('update subscriptions set parked_at = null where id = $1', [id]),
    wakes: ['live', 'test_clocks'],
  },
  charge: {
    setAside: (tx, id) => tx.query('update charges set parked_at = $2 where id = $1', [id, tx.now]),
    // What a worker holds, or what is not due yet, keeps its time; everything else is asked about at once.
    putBack: (tx, id) =>
      tx.query(
        `update charges set parked_at = null,
                next_check_at = case when status in ('created', 'sending') then next_check_at else $2 end
          where id = $1`,
        [id, tx.now],
      ),
    wakes: ['clear', 'send', 'look_up', 'verify', 'test_clocks'],
  },
  refund: {
    setAside: (tx, id) => tx.query('update refunds set parked_at = $2 where id = $1', [id, tx.now]),
    putBack: (tx, id) =>
      tx.query(
        `update refunds set parked_at = null,
                next_check_at = case when status in ('pending', 'unknown') then $2 else next_check_at end
          where id = $1`,
        [id, tx.now],
      ),
    wakes: ['refund', 'test_clocks'],
  },
  gateway_event: {
    setAside: (tx, id) =>
      tx.query(`update gateway_events set outcome = 'parked', processed_at = $2, next_attempt_at = null where id = $1`, [
        id,
        tx.now,
      ]),
    putBack: (tx, id) =>
      tx.query(
        `update gateway_events set outcome = null, processed_at = null, next_attempt_at = $2
          where id = $1 and outcome = 'parked'`,
        [id, tx.now],
      ),
    wakes: ['gateway_events'],
  },
  orphan: {
    setAside: nothing,
    putBack: (tx, payment) =>
      tx.query(
        `update gateway_events set outcome = null, processed_at = null, next_attempt_at = $2
          where payment_id = $1 and outcome in ('foreign', 'orphan') and reference like 'zq-%'`,
        [payment, tx.now],
      ),
    wakes: ['gateway_events'],
  },
  difference: {
    setAside: nothing,
    putBack: (tx, charge) =>
      tx.query(
        `update charges set next_check_at = $2
          where id = $1 and parked_at is null and status not in ('created', 'sending', 'pending', 'unknown')`,
        [charge, tx.now],
      ),
    wakes: ['verify'],
  },
  // Its invoice is tried again by whoever mended the cause: `POST /v1/invoices/{id}/pay`.
  decline: { setAside: nothing, putBack: nothing, wakes: [] },
};
