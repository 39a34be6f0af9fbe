import { readFileSync } from 'node:fs';
import type { Queryable } from '../../src/platform/database/queryable.js';
import { ENDPOINT, MIDDLE, QUIET_ENDPOINT } from './book.js';

/** One GET of a list. */
export interface Question {
  list: string;
  /** The filter that it is about, or how deep it begins. */
  about: string;
  path: string;
  /** Why it may take longer in a larger book. */
  grows: string | null;
}

/** Where the rows of a list are, for the cursors of pages deep inside; none where a book has a handful of rows. */
const TABLES: Record<string, string> = {
  '/v1/customers': 'customers',
  '/v1/subscriptions': 'subscriptions',
  '/v1/invoices': 'invoices',
  '/v1/charges': 'charges',
  '/v1/refunds': 'refunds',
  '/v1/events': 'events',
  '/v1/messages': 'messages',
  '/v1/audit_log': 'audit_log',
  '/v1/webhook_endpoints/{id}/deliveries': 'webhook_deliveries',
};

/** People make these one by one, or they go away when somebody has seen to them. */
export const CATALOGUES = ['/v1/plans', '/v1/dunning_policies', '/v1/api_keys', '/v1/test_clocks', '/v1/webhook_endpoints', '/v1/parked'];

const NARROWS = 'narrows what other filters find: an index of it would be written with every renewal';
const EXPRESSION = 'is reckoned from several columns: no index of one';

/**
 * Filters without an index of their own. Beside a customer, a subscription or another filter that has one they cost
 * nothing; alone they read along the list until the page is full.
 */
export const NARROWING: Record<string, Record<string, string>> = {
  '/v1/customers': { updated_at: NARROWS },
  '/v1/subscriptions': {
    updated_at: NARROWS, 'current_period.start': NARROWS, 'current_period.end': NARROWS, billing_anchor: NARROWS, trial_end: NARROWS,
    canceled_at: NARROWS, paused_at: NARROWS, resumes_at: NARROWS, next_charge_at: EXPRESSION, access_until: EXPRESSION,
  },
  '/v1/invoices': { updated_at: NARROWS, period_no: NARROWS, 'period.start': NARROWS, 'period.end': NARROWS, paid_at: NARROWS, next_attempt_at: NARROWS },
  '/v1/charges': { updated_at: NARROWS, requested_at: NARROWS, next_check_at: NARROWS, settled_at: NARROWS, verified_at: NARROWS },
  '/v1/refunds': { updated_at: NARROWS, requested_at: NARROWS, settled_at: NARROWS, next_check_at: NARROWS },
  '/v1/messages': { updated_at: NARROWS, locale: NARROWS, recipient: NARROWS, next_attempt_at: NARROWS, sent_at: NARROWS },
  '/v1/webhook_endpoints/{id}/deliveries': {
    updated_at: NARROWS, event_type: NARROWS, queued_at: NARROWS, next_attempt_at: NARROWS, last_attempt_at: NARROWS, delivered_at: NARROWS,
  },
};

/** What people ask for together. */
const TOGETHER: Record<string, (row: Fields) => string[]> = {
  '/v1/subscriptions': (row) => [`customer=${row.customer}&status=active`, `plan=${row.plan}&status=past_due`],
  '/v1/invoices': (row) => [`subscription=${row.subscription}&status=open`, `customer=${row.customer}&status=paid`, `customer=${row.customer}&created_at[gte]=${MIDDLE}`],
  '/v1/charges': (row) => [`subscription=${row.subscription}&status=declined`, `customer=${row.customer}&kind=retry`],
  '/v1/events': (row) => [`subject=${row.subject}&type=invoice.*`, `subject=${row.subject}&type=invoice.paid`, `type=invoice.*&created_at[gte]=${MIDDLE}`],
  '/v1/messages': (row) => [`customer=${row.customer}&name=receipt`],
};

type Fields = Record<string, any>;

interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  schema: { type: string; enum?: string[]; format?: string };
}

const { paths, components } = JSON.parse(readFileSync('src/openapi/openapi.json', 'utf8')) as {
  paths: Record<string, { get?: { parameters?: Parameter[] } }>;
  components: { parameters: Record<string, Parameter> };
};

function filtersOf(parameters: readonly Parameter[]): Parameter[] {
  return parameters.filter(({ name, in: place }) => place === 'query' && !/^(limit|cursor)$|\[/.test(name));
}

/** Every list of the interface, as its document names them. */
export function lists(): { list: string; filters: Parameter[] }[] {
  return Object.entries(paths).flatMap(([list, { get }]) => {
    const parameters = (get?.parameters ?? []).map((one) => (one.$ref ? (components.parameters[one.$ref.replace(/.*\//, '')] as Parameter) : one));
    return parameters.some(({ name }) => name === 'cursor') ? [{ list, filters: filtersOf(parameters) }] : [];
  });
}

/** Everything that a list can be asked for, with the values of its newest and oldest rows, and with values that no row has. */
export async function questionsOf(on: Queryable, ask: (path: string) => Promise<Fields>): Promise<Question[]> {
  const [{ sub }] = (await on.query<{ sub: string }>('select max(id) as sub from subscriptions')) as [{ sub: string }];
  const questions: Question[] = [];
  for (const { list, filters } of lists()) {
    const path = list.replace('{id}', list.includes('deliveries') ? ENDPOINT : sub);
    const put = (about: string, query: string, grows: string | null = null) =>
      questions.push({ list, about, path: `${path}?${query.replaceAll('+', '%2B')}`, grows });
    const table = TABLES[list];
    const rows = ((await ask(path)) as { data: Fields[] }).data;
    put('first page', '');
    put('first page', 'limit=100');
    if (path.includes(ENDPOINT)) questions.push({ list, about: 'first page', path: list.replace('{id}', QUIET_ENDPOINT), grows: null });
    if (table) {
      const middle = await cursorAt(on, table, 0.5);
      put('middle', `cursor=${middle}`);
      put('middle', `cursor=${middle}&limit=100`);
      rows.push(...((await ask(`${path}?cursor=${await cursorAt(on, table, 0, 15)}`)) as { data: Fields[] }).data);
    }
    for (const filter of filters) {
      const grows = NARROWING[list]?.[filter.name] ?? null;
      for (const query of queriesOf(filter, rows)) put(filter.name, query, grows);
    }
    for (const query of TOGETHER[list]?.(rows[0] ?? {}) ?? []) put(query.replace(/=[^&]+/g, ''), query);
  }
  return questions;
}

/** A cursor behind so great a part of the rows, or so many, counted from the oldest. */
async function cursorAt(on: Queryable, table: string, part: number, rows = 0): Promise<string> {
  const [row] = await on.query<{ id: string }>(
    `select id from ${table} order by id offset (select (count(*) * $1::float8)::bigint + $2 from ${table}) limit 1`, [part, rows],
  );
  return Buffer.from(row?.id ?? '').toString('base64url');
}

function queriesOf({ name, schema }: Parameter, rows: readonly Fields[]): string[] {
  if (schema.format === 'date-time') {
    const day = new Date(Date.parse(MIDDLE) + 86_400_000).toISOString();
    return [`[gte]=${MIDDLE}&${name}[lt]=${day}`, `[lt]=${MIDDLE}`, `[gte]=${MIDDLE}`, `=${MIDDLE}`, '[lt]=2000-01-01T00:00:00Z', '[gt]=2100-01-01T00:00:00Z']
      .map((rest) => name + rest);
  }
  const groups = new Set((schema.enum ?? []).filter((value) => value.includes('.')).map((value) => value.replace(/\..*/, '.*')));
  const values = new Set<unknown>(schema.type === 'boolean' ? [true, false] : [...(schema.enum ?? []), ...groups]);
  const found = rows.map((row) => valueAt(row, name)).filter((value) => value !== null && value !== undefined);
  for (const value of [found[0], found.at(-1)]) if (value !== undefined) values.add(value);
  if (found.length > 0 && !schema.enum && schema.type !== 'boolean') values.add(absentLike(found[0]));
  return [...values].map((value) => `${name}=${encodeURIComponent(String(value))}`);
}

function valueAt(row: Fields, name: string): unknown {
  const value = name.split('.').reduce<any>((at, key) => at?.[key], row);
  // What is shown with more than its id is asked for by its id.
  return value?.id ?? value;
}

/** A value of the same kind that no row has. */
function absentLike(value: unknown): string {
  if (typeof value === 'number') return '99999';
  return typeof value === 'string' && /^[a-z]+_[0-7][0-9a-z]{25}$/.test(value) ? `${value.slice(0, -5)}zzzzz` : 'nothing-has-this';
}
