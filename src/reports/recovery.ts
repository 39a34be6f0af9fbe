import { Injectable } from '@nestjs/common';
import { DECLINE_CLASSES, type DeclineClass } from '../domain/decline.js';
import { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { type DividedRange, stretchEnd, stretchStart } from './range.js';

/** How many invoices, and how much in minor units. */
interface Figure {
  count: number;
  amount: number;
}

/** What became of invoices whose first try failed. */
interface Outcome {
  failed: Figure;
  recovered: Figure;
  /** Given up, or void. */
  lost: Figure;
  /** Still owed. */
  in_play: Figure;
}

/** How much of it was recovered by what: a step of the ladder, or something beside it. */
interface RecoveredBy extends Figure {
  by: 'step' | 'technical' | 'operator' | 'customer' | 'late';
  step: number | null;
}

interface Row extends Figure {
  start: Date | null;
  end: Date | null;
  currency: string;
  class: DeclineClass;
  outcome: 'recovered' | 'lost' | 'in_play';
  by: RecoveredBy['by'] | null;
  step: number | null;
}

interface Bucket extends Outcome {
  start: Date | null;
  end: Date | null;
  currency: string;
  by_class: Record<DeclineClass, Outcome>;
  recovered_by: RecoveredBy[];
}

/** An invoice counts when its first try failed, on its customer's clock, and by why that one did. */
const ROWS = `
  with failed as (
    select distinct on (c.invoice) c.invoice, c.settled_at as at,
           case c.status when 'expired' then 'technical' when 'canceled' then 'funds' else c.decline_class end as class
      from charges c
     where c.kind in ('recurring', 'retry') and c.status in ('declined', 'refused', 'expired', 'canceled') and c.trigger <> 'operator'
       and c.invoice in (
         select f.invoice from charges f
          where f.kind in ('recurring', 'retry') and f.status in ('declined', 'refused', 'expired', 'canceled')
            and ($1::timestamptz is null or f.settled_at >= $1) and ($2::timestamptz is null or f.settled_at < $2))
     order by c.invoice, c.attempt
  ), weighed as (
    select ${stretchStart('f.at')} as start,
           i.currency, f.class, i.total - i.balance_applied as amount,
           case i.status when 'paid' then 'recovered' when 'open' then 'in_play' else 'lost' end as outcome,
           case when i.status <> 'paid' then null
                when p.trigger = 'schedule' and p.dunning_step is null then 'late'
                when p.trigger = 'schedule' then 'step'
                else p.trigger end as by,
           case when i.status = 'paid' then p.dunning_step end as step
      from failed f
      join invoices i on i.id = f.invoice
      left join charges p on p.invoice = i.id and p.status = 'captured' and not p.surplus
     where ($1::timestamptz is null or f.at >= $1) and ($2::timestamptz is null or f.at < $2)
  )
  select start,
         ${stretchEnd('start')} as end,
         currency, class, outcome, by, step, count(*)::int as count, sum(amount)::bigint as amount
    from weighed
   group by start, currency, class, outcome, by, step
   order by start, currency, class, outcome, by, step`;

/** What became of payments that failed, per currency: recovered by what, lost, or still owed. */
@Injectable()
export class Recovery {
  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /** Stretches in which nothing failed are left out. */
  async report({ from, to, interval }: DividedRange) {
    const now = await this.database.now();
    const rows = await this.database.query<Row>(ROWS, [from, to, interval, this.config.DEFAULT_TIME_ZONE]);
    return { object: 'recovery_report' as const, from, to, interval, created_at: now, data: buckets(rows) };
  }
}

function buckets(rows: readonly Row[]): Bucket[] {
  const found = new Map<string, Bucket>();
  for (const row of rows) {
    const key = `${row.start?.toISOString() ?? ''}/${row.currency}`;
    const bucket = found.get(key) ?? emptyBucket(row);
    found.set(key, bucket);
    for (const outcome of [bucket, bucket.by_class[row.class]]) {
      add(outcome.failed, row);
      add(outcome[row.outcome], row);
    }
    if (row.by === null) continue;
    const way = bucket.recovered_by.find(({ by, step }) => by === row.by && step === row.step);
    if (way) add(way, row);
    else bucket.recovered_by.push({ by: row.by, step: row.step, count: row.count, amount: row.amount });
  }
  return [...found.values()];
}

function emptyBucket({ start, end, currency }: Row): Bucket {
  const by_class = Object.fromEntries(DECLINE_CLASSES.map((name) => [name, nothing()])) as Bucket['by_class'];
  return { start, end, currency, ...nothing(), by_class, recovered_by: [] };
}

function nothing(): Outcome {
  const none = (): Figure => ({ count: 0, amount: 0 });
  return { failed: none(), recovered: none(), lost: none(), in_play: none() };
}

function add(figure: Figure, { count, amount }: Figure): void {
  figure.count += count;
  figure.amount += amount;
}
