import { COMPARISONS, DEFAULT_LIMIT, type Filter, MAX_LIMIT } from '../src/platform/http/list.js';
import type { Route } from './routes.js';
import type { Schema } from './schema.js';

/** The ids in paths, by what stands before them, and of what kind they are. */
const IDS: Readonly<Record<string, readonly [kind: string, says: string]>> = {
  api_keys: ['key', 'Id of the key.'],
  audit_log: ['aud', 'Id of the entry.'],
  charges: ['chg', 'Id of the charge.'],
  customers: ['cust', 'Id of the customer.'],
  dunning_policies: ['dun', 'Id or code of the policy.'],
  events: ['evnt', 'Id of the event.'],
  invoices: ['inv', 'Id of the invoice.'],
  messages: ['msg', 'Id of the message.'],
  parked: ['park', 'Id of the parked row.'],
  plans: ['plan', 'Id or code of the plan.'],
  refunds: ['rfnd', 'Id of the refund.'],
  subscriptions: ['sub', 'Id of the subscription.'],
  test_clocks: ['clk', 'Id of the clock.'],
  webhook_deliveries: ['dlv', 'Id of the delivery.'],
  webhook_endpoints: ['whk', 'Id of the endpoint.'],
};

const NAMES: Readonly<Record<string, readonly [example: string, says: string]>> = {
  name: ['receipt', 'What the messages are about.'],
  locale: ['en', 'Language of the messages.'],
  token: ['wo3jxq5w2f', 'What the link in a message carries.'],
};

const SAYS: Readonly<Record<keyof typeof COMPARISONS, string>> = {
  gte: 'at or after',
  gt: 'after',
  lte: 'at or before',
  lt: 'before',
};

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  description: string;
  schema: Schema;
  example?: unknown;
}

/** Parameters that many operations have, by name. */
export class Parameters {
  readonly shared = new Map<string, Parameter>([
    ['IdempotencyKey', { name: 'Idempotency-Key', in: 'header', description: 'One for each thing you want done: a repeat with the same key and body does nothing twice, and is answered as the first was.', schema: { type: 'string', minLength: 1, maxLength: 255 } }],
    ['limit', { name: 'limit', in: 'query', description: 'How many at most on a page.', schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT } }],
    ['cursor', { name: 'cursor', in: 'query', description: '`next_cursor` of the page before.', schema: { type: 'string' } }],
  ]);

  of({ method, path, needsKey, list, intervals }: Route): object[] {
    return [
      ...[...path.matchAll(/(\w+)\/\{(\w+)\}(?:\/\{(\w+)\})?/g)].flatMap(([, before, ...names]) => names.filter(Boolean).map((name) => inPath(String(before), name))),
      ...(needsKey && method === 'post' ? [this.ref('IdempotencyKey')] : []),
      ...(list ? [this.ref('limit'), this.ref('cursor'), ...Object.entries(list.filters).flatMap(([name, filter]) => this.filter(name, filter))] : []),
      ...(intervals ? range(intervals) : []),
    ];
  }

  private filter(name: string, filter: Filter): object[] {
    const given = filter.kind === 'id_or_code' ? ', by id or code' : '';
    if (filter.kind !== 'instant') return [{ name, in: 'query', description: `Only those with this \`${name}\`${given}.`, schema: valueOf(filter) }];
    const says = (word: string) => `Only those whose \`${name}\` is ${word} this instant.`;
    const comparisons = Object.entries(SAYS).map(([comparison, word]) => [`${name}[${comparison}]`, says(word)] as const);
    return [[name, says('exactly')] as const, ...comparisons].map(([full, description]) => {
      const key = full.replace('[', '.').replace(']', '');
      this.shared.set(key, { name: full, in: 'query', description, schema: { type: 'string', format: 'date-time' } });
      return this.ref(key);
    });
  }

  private ref(key: string): object {
    return { $ref: `#/components/parameters/${key}` };
  }
}

function inPath(before: string, name: string): Parameter {
  const [example, description] = name === 'id' ? sample(before) : (NAMES[name] ?? []);
  if (description === undefined) throw new Error(`Nobody has said what {${name}} after ${before} is`);
  return { name, in: 'path', required: true, description, schema: { type: 'string' }, example };
}

function sample(before: string): readonly string[] {
  const [kind, says] = IDS[before] ?? [];
  return says === undefined ? [] : [`${kind}_01kjkmf8h2e5wvxn4f6bqz3t7y`, says];
}

function valueOf(filter: Exclude<Filter, { kind: 'instant' }>): Schema {
  switch (filter.kind) {
    case 'id':
    case 'id_or_code':
    case 'text':
    case 'sealed':
      return { type: 'string', minLength: 1, maxLength: 255 };
    case 'one_of':
      return { type: 'string', enum: filter.groups ? [...filter.values, ...groupsOf(filter.values)] : filter.values };
    case 'flag':
      return { type: 'boolean' };
    case 'integer':
      return { type: 'integer', minimum: 0, maximum: 999_999_999 };
  }
}

function groupsOf(values: readonly string[]): string[] {
  return [...new Set(values.map((value) => `${value.slice(0, value.indexOf('.'))}.*`))];
}

function range(intervals: readonly string[]): Parameter[] {
  const instant: Schema = { type: 'string', format: 'date-time' };
  return [
    { name: 'from', in: 'query', description: 'From this instant on; left out: from the beginning.', schema: instant },
    { name: 'to', in: 'query', description: 'Until before this instant; left out: without end.', schema: instant },
    ...(intervals.length === 0
      ? []
      : [{ name: 'interval', in: 'query' as const, description: 'By what it is divided; left out: not at all.', schema: { type: 'string', enum: intervals } }]),
  ];
}
