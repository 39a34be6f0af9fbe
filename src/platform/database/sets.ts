import type { WakeTarget } from '../batching/wake.js';
import type { Transaction } from './database.js';
import type { Queryable } from './queryable.js';

/**
 * Writing in sets: one statement for many rows. Rows travel as one text per column, its values joined by a
 * separator, which PostgreSQL splits into arrays and unnests. The statement's text, and with it the plan, is
 * the same whatever the number of rows; and neither side spends time on quoting or on repeating names.
 */

/** ASCII's record separator: no text that we take contains control characters, and JSON escapes them. */
const SEPARATOR = '\u001e';
/** Stands for null; a text that is exactly this is refused rather than lost. */
const NULL = '\u001f';

export type ColumnTypes = ReadonlyMap<string, string>;

const NO_TYPES: ColumnTypes = new Map();
const typesOf = new Map<string, Promise<ColumnTypes>>();

/** The types of a table's columns, asked for once per process. */
async function columnTypes(on: Queryable, table: string): Promise<ColumnTypes> {
  const known = typesOf.get(table);
  if (known) return known;
  const asked = on
    .query<{ name: string; type: string }>(
      `select attname as name, format_type(atttypid, null) as type from pg_attribute
        where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
      [table],
    )
    .then((rows) => new Map(rows.map(({ name, type }) => [name, type])));
  typesOf.set(table, asked);
  asked.catch(() => typesOf.delete(table));
  return asked;
}

function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      if (value.includes(SEPARATOR) || value === NULL) throw new RangeError('a text holds a control character');
      return value;
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return NULL;
      return value instanceof Date ? value.toISOString() : JSON.stringify(value);
    default:
      throw new TypeError(`a column cannot hold ${typeof value}`);
  }
}

/** One text per column; {@link splitColumn} is its other half. */
export function joinColumns<Row extends object>(rows: readonly Row[], columns: readonly (keyof Row & string)[]): string[] {
  // The last one is nobody's: without it a single empty text would be taken for no element at all.
  return columns.map((column) => rows.map((row) => textOf(row[column]) + SEPARATOR).join(''));
}

/** SQL for the array in parameter `n`. */
export function splitColumn(n: number, type: string): string {
  return `trim_array(string_to_array($${n}, E'\\x1e', E'\\x1f'), 1)::${type}[]`;
}

/** A statement that writes a set, not yet sent; its values are gathered when it is. */
export interface Writing {
  /** The table whose column types the text needs; null when it needs none. */
  table: string | null;
  text(types: ColumnTypes): string;
  values(): unknown[];
  /** Who has work once this is committed, if it returns a row. */
  wakes?: WakeTarget;
}

/** A set that has no rows, or of which nothing has changed, is no statement at all. */
export type PossibleWriting = Writing | null;

function unnested(types: ColumnTypes, columns: readonly string[]): string {
  const arrays = columns.map((column, i) => splitColumn(i + 1, types.get(column) ?? 'text'));
  return `unnest(${arrays.join(', ')}) as r(${columns.join(', ')})`;
}

/** Inserts the rows. */
export function insertion<Row extends object>(
  table: string,
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): PossibleWriting {
  if (rows.length === 0) return null;
  return {
    table,
    text: (types) => `insert into ${table} (${columns.join(', ')}) select * from ${unnested(types, columns)}`,
    values: () => joinColumns(rows, columns),
  };
}

/** Updates the given columns of the rows with these keys. */
export function update<Row extends object>(
  table: string,
  key: keyof Row & string,
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): PossibleWriting {
  if (rows.length === 0 || columns.length === 0) return null;
  const assignments = columns.map((column) => `${column} = r.${column}`).join(', ');
  return {
    table,
    text: (types) => `update ${table} t set ${assignments} from ${unnested(types, [key, ...columns])} where t.${key} = r.${key}`,
    values: () => joinColumns(rows, [key, ...columns]),
  };
}

/**
 * Sends these statements together, without waiting for each one's answer; the server runs them in this order.
 * Throws the error of the first that fails: the transaction is lost then, and those behind it with it.
 */
export async function write(tx: Transaction, writings: readonly PossibleWriting[]): Promise<void> {
  const statements = writings.filter((writing) => writing !== null);
  // Asked for beforehand, so that nothing comes between the statements and their order.
  const types = await Promise.all(statements.map(({ table }) => (table === null ? Promise.resolve(NO_TYPES) : columnTypes(tx, table))));
  await Promise.all(
    statements.map(async ({ text, values, wakes }, i) => {
      const rows = await tx.query(text(types[i] as ColumnTypes), values());
      if (wakes !== undefined && rows.length > 0) tx.wakes.add(wakes);
    }),
  );
}
