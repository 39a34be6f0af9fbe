import { Injectable, Logger } from '@nestjs/common';
import { conflict, notFound } from '../domain/errors.js';
import { recordEvents } from '../events/outbox.js';
import { Wake } from '../platform/batching/wake.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { isId, newId } from '../platform/ids/ids.js';
import { type ParkedKind, type ParkedRow, parkedRowView } from './parked.row.js';
import { PARKING_PLACES } from './parking.places.js';

const MOST_TEXT = 2000;

type SetAside = (tx: Transaction, rowId: string) => Promise<unknown>;

/**
 * Sets a row aside that cannot be worked on, with its error, so that it stops only itself. Told by an
 * event and a log line; listed, and released by an operator.
 */
@Injectable()
export class Parking {
  private readonly log = new Logger(Parking.name);

  constructor(
    private readonly database: Database,
    private readonly wake: Wake,
  ) {}

  /** Something is wrong about a row that stays in work: recorded and told, nothing set aside. */
  async alert(chargeId: string, error: unknown): Promise<void> {
    await this.record('charge', chargeId, error, async () => undefined);
  }

  async park(kind: ParkedKind, rowId: string, error: unknown): Promise<void> {
    await this.record(kind, rowId, error, PARKING_PLACES[kind].setAside);
  }

  /** The same for a set of rows, in the transaction that found it out: told if that is committed, and else not. */
  async note(tx: Transaction, kind: ParkedKind, alerts: readonly { row: string; message: string }[]): Promise<void> {
    if (alerts.length === 0) return;
    for (const { row, message } of alerts) this.log.warn({ kind, row, reason: message }, 'a human must see to it');
    await this.insert(tx, kind, alerts);
  }

  /** The row as it was parked. Throws a 404 where there is none. */
  async get(id: string): Promise<ParkedRow> {
    const [row] = isId('park', id) ? await this.database.query<ParkedRow>('select * from parked_rows where id = $1', [id]) : [];
    if (!row) throw notFound('parked_row', id);
    return row;
  }

  /** Puts the row back into work, at once. What fails again is parked again, as another row. */
  async release(id: string): Promise<void> {
    if (!(await this.putBack(await this.get(id)))) throw conflict('parked_row_released', 'The row has been released already.');
  }

  /** The same for whoever does not mind that another was quicker: false then. */
  async putBack({ id, kind }: Pick<ParkedRow, 'id' | 'kind'>): Promise<boolean> {
    const released = await this.database.transaction(async (tx) => {
      const [parked] = await tx.query<ParkedRow>(
        'update parked_rows set released_at = $2 where id = $1 and released_at is null returning *',
        [id, tx.now],
      );
      if (parked) {
        await PARKING_PLACES[kind].putBack(tx, parked.row_id);
        tx.note({ resource: id, before: { released_at: null }, after: parkedRowView(parked) });
      }
      return parked;
    });
    if (!released) return false;
    this.log.warn({ parked: id, kind, row: released.row_id }, 'parked row released');
    this.wake.now(...PARKING_PLACES[kind].wakes);
    return true;
  }

  /** What was wrong about these rows is wrong no more. */
  async close(tx: Transaction, kinds: readonly ParkedKind[], rowIds: readonly string[]): Promise<void> {
    await tx.query('update parked_rows set released_at = $3 where kind = any($1) and row_id = any($2) and released_at is null', [
      kinds,
      rowIds,
      tx.now,
    ]);
  }

  private async record(kind: ParkedKind, rowId: string, error: unknown, setAside: SetAside): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    this.log.error({ kind, row: rowId, err: error }, 'row parked');
    await this.database.transaction(async (tx) => {
      await setAside(tx, rowId);
      await this.insert(tx, kind, [{ row: rowId, message }]);
    });
  }

  private async insert(tx: Transaction, kind: ParkedKind, alerts: readonly { row: string; message: string }[]): Promise<void> {
    const rows = alerts.map(({ row, message }) => ({ id: newId('park'), row, error: message.slice(0, MOST_TEXT) }));
    const parked = await tx.query<ParkedRow>(
      `insert into parked_rows (id, kind, row_id, error, parked_at)
       select id, $2, row, error, $3 from json_to_recordset($1::json) as r(id text, row text, error text)
       on conflict (kind, row_id) where released_at is null do nothing returning *`,
      [JSON.stringify(rows), kind, tx.now],
    );
    await recordEvents(
      tx,
      parked.map((row) => ({ type: 'row.parked' as const, subject: row.row_id, at: tx.now, data: { object: parkedRowView(row) } })),
    );
  }
}
