import { sum, type TwoBooks } from './books.js';
import { MONTHS, monthOf } from './calendar.js';
import type { JsonApi } from './json.api.js';
import { bareAmount } from './money.js';
import type { Charge, Invoice, LifeEvent } from './records.js';
import { formatTable } from './table.js';
import type { Headcount } from './year.js';

/** What is told of the year besides the books. */
export interface Chronicle {
  declined: Charge[];
  canceled: LifeEvent[];
  givenUp: LifeEvent<Invoice>[];
  served: Headcount;
}

const HEADER = [
  ['', 'billed', '', 'captured', '', 'declined', 'recovered', '', 'lost', '', 'canceled', 'active at'],
  ['month', '', 'CNY', '', 'CNY', 'tries', '', 'CNY', '', 'CNY', '', 'the end'],
];

/** Reads what happened through the year. */
export async function readChronicle(api: JsonApi, served: Headcount): Promise<Chronicle> {
  const [declined, canceled, givenUp] = await Promise.all([
    api.all<Charge>('/v1/charges?status=declined'),
    api.all<LifeEvent>('/v1/events?type=subscription.canceled'),
    api.all<LifeEvent<Invoice>>('/v1/events?type=invoice.uncollectible'),
  ]);
  return { declined, canceled, givenUp, served };
}

/** The year month by month: what was billed, what came in at once or in the end, and what was lost. */
export function yearTable(books: TwoBooks, chronicle: Chronicle): string {
  const rows = MONTHS.map((month) => [month, ...figures(books, chronicle, (instant) => monthOf(instant) === month)]);
  const totals = figures(books, chronicle, () => true);
  const last = chronicle.served.get(MONTHS.at(-1) ?? '');
  const withHeads = rows.map((row) => [...row, String(chronicle.served.get(row[0] ?? '') ?? '')]);
  return formatTable(HEADER, withHeads, ['total', ...totals, String(last ?? '')]);
}

function figures({ invoices, captures }: TwoBooks, chronicle: Chronicle, within: (instant: string) => boolean): string[] {
  const refused = new Set(chronicle.declined.map(({ invoice }) => invoice));
  const billed = invoices.filter(({ created_at: at }) => within(at));
  const captured = captures.filter(({ settled_at: at }) => at !== null && within(at));
  const recovered = captured.filter(({ invoice }) => refused.has(invoice));
  const lost = chronicle.givenUp.filter(({ created_at: at }) => within(at));
  return [
    ...countAndSum(billed, ({ total }) => total),
    ...countAndSum(captured, ({ amount }) => amount),
    String(chronicle.declined.filter(({ settled_at: at }) => at !== null && within(at)).length),
    ...countAndSum(recovered, ({ amount }) => amount),
    ...countAndSum(lost, ({ data }) => data.object.amount_due),
    String(chronicle.canceled.filter(({ created_at: at }) => within(at)).length),
  ];
}

function countAndSum<T>(rows: readonly T[], amount: (row: T) => number): string[] {
  return [String(rows.length), bareAmount(sum(rows, amount))];
}

/** Where all that was billed has gone, in one sentence that adds up. */
export function whereItWent({ invoices }: TwoBooks): string {
  const of = (status: Invoice['status']): string => bareAmount(sum(invoices.filter((invoice) => invoice.status === status), ({ total }) => total));
  const all = bareAmount(sum(invoices, ({ total }) => total));
  return `Of CNY ${all} billed, ${of('paid')} was paid, ${of('uncollectible')} given up, ${of('void')} voided (sign-ups never paid), ${of('open')} is still owed.`;
}
