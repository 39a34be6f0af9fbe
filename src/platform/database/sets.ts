import type { Queryable } from './queryable.js';

/**
 * Writing in sets: one statement for many rows. Rows travel as one JSON parameter, so that the statement's
 * text, and with it the plan, is the same whatever the number of rows.
 */

export async function insertSet<Row extends object>(
  on: Queryable,
  table: string,
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  const list = columns.join(', ');
  await on.query(
    `insert into ${table} (${list}) select ${list} from json_populate_recordset(null::${table}, $1::json)`,
    [JSON.stringify(rows)],
  );
}

/** Inserts hints: rows that are there already are left alone, and nobody waits for the disk. */
export async function insertHints<Row extends object>(
  on: Queryable,
  table: string,
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  await on.query(
    `insert into ${table} (${columns.join(', ')})
     select ${columns.map((column) => `r.${column}`).join(', ')}
       from json_populate_recordset(null::${table}, $1::json) r,
            (select set_config('synchronous_commit', 'off', true)) quickly
     on conflict do nothing`,
    [JSON.stringify(rows)],
  );
}

/** Updates the given columns of the rows with these keys; returns how many rows there were. */
export async function updateSet<Row extends object>(
  on: Queryable,
  table: string,
  key: keyof Row & string,
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): Promise<number> {
  if (rows.length === 0) return 0;
  const assignments = columns.map((column) => `${column} = r.${column}`).join(', ');
  const updated = await on.query(
    `update ${table} t set ${assignments}
       from json_populate_recordset(null::${table}, $1::json) r
      where t.${key} = r.${key}
      returning 1`,
    [JSON.stringify(rows.map((row) => pick(row, [key, ...columns])))],
  );
  return updated.length;
}

/** Only what is written travels: a row's frozen parts are by far its largest. */
function pick<Row extends object>(row: Row, columns: readonly (keyof Row & string)[]): Partial<Row> {
  const picked: Partial<Row> = {};
  for (const column of columns) picked[column] = row[column];
  return picked;
}
