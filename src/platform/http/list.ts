import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { type FieldError, invalidFields } from '../../domain/errors.js';
import type { Database } from '../database/database.js';
import { isAnyId, isId, type IdPrefix } from '../ids/ids.js';
import { unknownField } from './body.pipe.js';
import { parseInstant } from './fields.js';

/** What a query parameter of a list filters by. `column` may be any SQL expression over the row. */
export type Filter =
  /** `sql`: how rows are found by it, where comparing the column would not find them by an index. */
  | { kind: 'id'; column: string; prefix: IdPrefix; sql?: (parameter: string) => string }
  /** A thing that has a code of its own beside its id; the column `holds` one of them, and either may be asked for. */
  | { kind: 'id_or_code'; column: string; prefix: IdPrefix; table: string; holds: 'id' | 'code' }
  | { kind: 'text'; column: string; sql?: (parameter: string) => string }
  /** A text that is kept sealed. `sql` compares with the array of its blind indexes, which {@link indexed} puts in its place. */
  | { kind: 'sealed'; sql: (indexes: string) => string }
  /** `groups`: of values with dots a whole group may be asked for, `invoice.*`. */
  | { kind: 'one_of'; column: string; values: readonly string[]; groups?: boolean }
  | { kind: 'flag'; column: string }
  | { kind: 'integer'; column: string }
  /** `orders`: a later id has a later date, wherever no test clock tells other times; an index of both leads to it. */
  | { kind: 'instant'; column: string; orders?: boolean };

export interface ListSpec {
  table: string;
  /** Ids of this kind are the order and the cursor: newest first, stable under inserts. */
  prefix: IdPrefix;
  filters: Record<string, Filter>;
  /** Another order, where ids are only the cursor. */
  order?: Order;
}

interface Order {
  by: string;
  /** What comes after the row with this id. */
  after: (parameter: string) => string;
  /** The date that comes before the id in this order. */
  date?: string;
}

const NEWEST_FIRST: Order = { by: 'id desc', after: (p) => `id < ${p}` };

/** The same order, but a stretch of time in it is not looked for among everything that is newer. */
function newestBy(date: string): Order {
  return { by: `${date} desc, id desc`, after: (p) => `(${date}, id) < ((${p}::text[])[1]::timestamptz, (${p}::text[])[2])`, date };
}

export interface Page<T> {
  data: T[];
  has_more: boolean;
  next_cursor: string | null;
}

export const DEFAULT_LIMIT = 20;
export const MAX_LIMIT = 100;
export const COMPARISONS = { gte: '>=', gt: '>', lte: '<=', lt: '<' } as const;

interface Condition {
  sql: (parameter: string) => string;
  value: unknown;
  /** Each of several values is asked for by itself: only so does an index give all of them in order. */
  each?: readonly string[];
  /** The value is in clear still. */
  sealed?: boolean;
}

/** What a caller asks of a list. */
export interface ListQuery {
  spec: ListSpec;
  /** A date that is asked for, and that may be the order. */
  date: string | null;
  limit: number;
  /** The id of the last row seen, after its date where that is the order. */
  cursor: readonly string[] | null;
  conditions: readonly Condition[];
}

/**
 * The query of a list, read as its spec says; a 422 names every bad parameter. What can be asked for is told
 * where it is asked for: the document of the interface finds the spec here.
 */
export const ListBy = createParamDecorator((spec: ListSpec, context: ExecutionContext): ListQuery =>
  parse(spec, context.switchToHttp().getRequest<Request>()),
);

/** The query with blind indexes in place of what is kept sealed. */
export function indexed(query: ListQuery, indexesOf: (text: string) => readonly string[]): ListQuery {
  const conditions = query.conditions.map((one) => (one.sealed ? { sql: one.sql, value: indexesOf(one.value as string) } : one));
  return { ...query, conditions };
}

/** One page of a list: the rows, newest first where the list knows no other order. */
export async function listPage<Row extends { id: string }>(
  on: Pick<Database, 'queryAnew'>,
  query: ListQuery,
  scope: Record<string, string> = {},
): Promise<Page<Row>> {
  const { spec, limit, cursor } = query;
  const order = await orderOf(on, query);
  const conditions = [...query.conditions];
  for (const [column, value] of Object.entries(scope)) conditions.push({ sql: (p) => `${column} = ${p}`, value });
  if (cursor !== null) conditions.push({ sql: order.after, value: order.date ? cursor : cursor.at(-1) });
  const rows = await on.queryAnew<Row>(...pageSql(spec.table, conditions, `order by ${order.by} limit ${limit + 1}`));
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { data, has_more: more, next_cursor: more ? cursorOf(placeOf(last, order)) : null };
}

/** What a page begins with, the next one goes on with. */
async function orderOf(on: Pick<Database, 'queryAnew'>, { spec, date, cursor }: ListQuery): Promise<Order> {
  const asEver = spec.order ?? NEWEST_FIRST;
  if (date === null || cursor?.length === 1) return asEver;
  const clocks = cursor ? [] : await on.queryAnew('select 1 from test_clocks limit 1', []);
  return clocks.length > 0 ? asEver : newestBy(date);
}

function pageSql(table: string, conditions: readonly Condition[], tail: string): [sql: string, values: unknown[]] {
  const values: unknown[] = [];
  const pageOf = (all: readonly Condition[]): string =>
    `select * from ${table} where ${all.map(({ sql, value }) => sql(`$${values.push(value)}`)).join(' and ') || 'true'} ${tail}`;
  const several = conditions.find(({ each }) => each);
  if (!several?.each) return [pageOf(conditions), values];
  const pages = several.each.map((value) => pageOf(conditions.map((one) => (one === several ? { ...one, value } : one))));
  return [`select * from ((${pages.join(') union all (')})) as pages ${tail}`, values];
}

function placeOf(row: { id: string }, { date }: Order): string[] {
  return date ? [(row as unknown as Record<string, Date>)[date]!.toISOString(), row.id] : [row.id];
}

export async function presentPage<Row, View>(page: Page<Row>, present: (rows: Row[]) => Promise<View[]> | View[]): Promise<Page<View>> {
  return { ...page, data: await present(page.data) };
}

function cursorOf(place: readonly string[]): string {
  return Buffer.from(place.join(' ')).toString('base64url');
}

function readCursor(spec: ListSpec, date: string | null, cursor: string): string[] | null {
  const place = Buffer.from(cursor, 'base64url').toString().split(' ');
  const dates = place.slice(0, -1);
  const fits = cursorOf(place) === cursor && isId(spec.prefix, place.at(-1)) && dates.length <= (date === null ? 0 : 1);
  return fits && dates.every((date) => parseInstant(date)) ? place : null;
}

function parse(spec: ListSpec, request: Request): ListQuery {
  const parameters = new URL(request.originalUrl, 'http://localhost').searchParams;
  const errors: FieldError[] = [];
  const conditions: Condition[] = [];
  let limit = DEFAULT_LIMIT;
  const date = dateOf(spec, parameters);
  let cursor: string[] | null = null;
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    const value = values[0] ?? '';
    if (values.length > 1) errors.push({ path: name, message: 'is given more than once' });
    else if (name === 'limit') {
      limit = Number(value);
      if (!/^[1-9]\d{0,2}$/.test(value) || limit > MAX_LIMIT) {
        errors.push({ path: name, message: `must be an integer from 1 to ${MAX_LIMIT}` });
      }
    } else if (name === 'cursor') {
      cursor = readCursor(spec, date, value);
      if (cursor === null) errors.push({ path: name, message: 'is not a cursor of this list' });
    } else {
      const condition = readFilter(spec, name, value);
      if ('path' in condition) errors.push(condition);
      else conditions.push(condition);
    }
  }
  if (errors.length > 0) throw invalidFields(errors);
  return { spec, date, limit, cursor, conditions };
}

/** The date that may be the order: one that is asked for. */
function dateOf(spec: ListSpec, parameters: URLSearchParams): string | null {
  if (spec.order) return null;
  for (const [field, filter] of Object.entries(spec.filters)) {
    const asked = [...parameters.keys()].some((name) => name === field || name.startsWith(`${field}[`));
    if (asked && filter.kind === 'instant' && filter.orders) return filter.column;
  }
  return null;
}

function readFilter(spec: ListSpec, name: string, value: string): Condition | FieldError {
  const [, field = name, comparison] = /^([\w.]+)\[(\w+)\]$/.exec(name) ?? [];
  const filter = Object.hasOwn(spec.filters, field) ? spec.filters[field] : undefined;
  if (!filter || (comparison !== undefined && (filter.kind !== 'instant' || !Object.hasOwn(COMPARISONS, comparison)))) {
    return unknownField(name);
  }
  const operator = comparison ? COMPARISONS[comparison as keyof typeof COMPARISONS] : '=';
  const bad = (message: string): FieldError => ({ path: name, message });
  if (filter.kind === 'sealed') return isFilterText(value) ? { sql: filter.sql, value, sealed: true } : bad(NO_TEXT);
  const is = (operand: unknown): Condition => ({ sql: (p) => `${filter.column} ${operator} ${p}`, value: operand });
  switch (filter.kind) {
    case 'id':
      if (!isId(filter.prefix, value)) return bad('is not an id of this kind');
      return filter.sql ? { sql: filter.sql, value } : is(value);
    case 'id_or_code': {
      const isItsId = isId(filter.prefix, value);
      if (!isItsId && isAnyId(value)) return bad('is not an id of this kind');
      if (!isFilterText(value)) return bad(NO_TEXT);
      const given = isItsId ? 'id' : 'code';
      const { column, table, holds } = filter;
      return given === holds ? is(value) : { sql: (p) => `${column} = (select ${holds} from ${table} where ${given} = ${p})`, value };
    }
    case 'one_of': {
      if (filter.values.includes(value)) return is(value);
      const group = filter.groups && value.endsWith('.*') ? filter.values.filter((one) => one.startsWith(value.slice(0, -1))) : [];
      if (group.length > 0) return { ...is(group), each: group };
      return bad(`must be one of ${filter.values.join(', ')}`);
    }
    case 'flag':
      return value === 'true' || value === 'false' ? is(value === 'true') : bad('must be true or false');
    case 'integer':
      return /^\d{1,9}$/.test(value) ? is(Number(value)) : bad('must be an integer');
    case 'instant': {
      const instant = parseInstant(value);
      return instant ? is(instant) : bad('must be an RFC 3339 date-time');
    }
    case 'text':
      if (!isFilterText(value)) return bad(NO_TEXT);
      return filter.sql ? { sql: filter.sql, value } : is(value);
  }
}

const NO_TEXT = 'must be 1 to 255 characters';

function isFilterText(value: string): boolean {
  return value.length >= 1 && value.length <= 255 && !value.includes('\0');
}

/** The date filters that every list has. */
export const DATE_FILTERS: Record<string, Filter> = {
  created_at: { kind: 'instant', column: 'created_at', orders: true },
  updated_at: { kind: 'instant', column: 'updated_at' },
};
