import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { FieldError } from '../../domain/errors.js';
import type { Queryable } from '../database/queryable.js';
import { isId, type IdPrefix } from '../ids/ids.js';
import { unknownField, validationFailed } from './body.pipe.js';
import { parseInstant } from './fields.js';

/** What a query parameter of a list filters by. `column` may be any SQL expression over the row. */
export type Filter =
  /** `sql`: how rows are found by it, where comparing the column would not find them by an index. */
  | { kind: 'id'; column: string; prefix: IdPrefix; sql?: (parameter: string) => string }
  | { kind: 'text'; column: string }
  /** `groups`: of values with dots a whole group may be asked for, `invoice.*`. */
  | { kind: 'one_of'; column: string; values: readonly string[]; groups?: boolean }
  | { kind: 'flag'; column: string }
  | { kind: 'integer'; column: string }
  | { kind: 'instant'; column: string };

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
}

const NEWEST_FIRST: Order = { by: 'id desc', after: (p) => `id < ${p}` };

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
}

/** What a caller asks of a list. */
export interface ListQuery {
  spec: ListSpec;
  limit: number;
  cursor: string | null;
  conditions: readonly Condition[];
}

/**
 * The query of a list, read as its spec says; a 422 names every bad parameter. What can be asked for is told
 * where it is asked for: the document of the interface finds the spec here.
 */
export const ListBy = createParamDecorator((spec: ListSpec, context: ExecutionContext): ListQuery =>
  parse(spec, context.switchToHttp().getRequest<Request>()),
);

/** One page of a list: the rows, newest first where the list knows no other order. */
export async function listPage<Row extends { id: string }>(
  on: Queryable,
  { spec, limit, cursor, conditions: asked }: ListQuery,
  scope: Record<string, string> = {},
): Promise<Page<Row>> {
  const conditions = [...asked];
  const { by, after } = spec.order ?? NEWEST_FIRST;
  for (const [column, value] of Object.entries(scope)) conditions.push({ sql: (p) => `${column} = ${p}`, value });
  if (cursor !== null) conditions.push({ sql: after, value: cursor });
  const where = conditions.map((condition, i) => condition.sql(`$${i + 1}`)).join(' and ') || 'true';
  const rows = await on.query<Row>(
    `select * from ${spec.table} where ${where} order by ${by} limit ${limit + 1}`,
    conditions.map((condition) => condition.value),
  );
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { data, has_more: more, next_cursor: more ? cursorOf(last.id) : null };
}

export async function presentPage<Row, View>(page: Page<Row>, present: (rows: Row[]) => Promise<View[]> | View[]): Promise<Page<View>> {
  return { ...page, data: await present(page.data) };
}

function cursorOf(id: string): string {
  return Buffer.from(id).toString('base64url');
}

function parse(spec: ListSpec, request: Request): ListQuery {
  const parameters = new URL(request.originalUrl, 'http://localhost').searchParams;
  const errors: FieldError[] = [];
  const conditions: Condition[] = [];
  let limit = DEFAULT_LIMIT;
  let cursor: string | null = null;
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
      cursor = Buffer.from(value, 'base64url').toString();
      if (!isId(spec.prefix, cursor) || cursorOf(cursor) !== value) errors.push({ path: name, message: 'is not a cursor of this list' });
    } else {
      const condition = readFilter(spec, name, value);
      if ('path' in condition) errors.push(condition);
      else conditions.push(condition);
    }
  }
  if (errors.length > 0) throw validationFailed(errors);
  return { spec, limit, cursor, conditions };
}

function readFilter(spec: ListSpec, name: string, value: string): Condition | FieldError {
  const [, field = name, comparison] = /^([\w.]+)\[(\w+)\]$/.exec(name) ?? [];
  const filter = Object.hasOwn(spec.filters, field) ? spec.filters[field] : undefined;
  if (!filter || (comparison !== undefined && (filter.kind !== 'instant' || !Object.hasOwn(COMPARISONS, comparison)))) {
    return unknownField(name);
  }
  const operator = comparison ? COMPARISONS[comparison as keyof typeof COMPARISONS] : '=';
  const bad = (message: string): FieldError => ({ path: name, message });
  const is = (operand: unknown): Condition => ({ sql: (p) => `${filter.column} ${operator} ${p}`, value: operand });
  switch (filter.kind) {
    case 'id':
      if (!isId(filter.prefix, value)) return bad('is not an id of this kind');
      return filter.sql ? { sql: filter.sql, value } : is(value);
    case 'one_of': {
      if (filter.values.includes(value)) return is(value);
      const group = filter.groups && value.endsWith('.*') ? filter.values.filter((one) => one.startsWith(value.slice(0, -1))) : [];
      if (group.length > 0) return { sql: (p) => `${filter.column} = any(${p})`, value: group };
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
      return value.length >= 1 && value.length <= 255 && !value.includes('\0') ? is(value) : bad('must be 1 to 255 characters');
  }
}

/** The date filters that every list has. */
export const DATE_FILTERS: Record<string, Filter> = {
  created_at: { kind: 'instant', column: 'created_at' },
  updated_at: { kind: 'instant', column: 'updated_at' },
};
