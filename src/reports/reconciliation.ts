import { Injectable } from '@nestjs/common';
import { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { type DividedRange, stretchEnd, stretchStart } from './range.js';

/** Beyond this many differences the report shows the newest and says that there are more. */
const MOST_DIFFERENCES = 1_000;

/** How many charges, and how much in minor units. */
interface Figure {
  count: number;
  amount: number;
}

interface CurrencyRow {
  start: Date | null;
  end: Date | null;
  currency: string;
  sent: Figure;
  captured: Figure;
  compared: Figure;
  to_compare: Figure;
}

/** Something that a human should know of: `id` names what it is about, the other fields what belongs to it. */
interface Difference {
  kind: 'surplus_capture' | 'mismatch' | 'orphan' | 'parked' | 'unknown';
  id: string;
  parked_row: string | null;
  charge: string | null;
  subscription: string | null;
  gateway_payment_id: string | null;
  reference: string | null;
  amount: number | null;
  currency: string | null;
  detail: string;
  since: Date;
}

const sum = (name: string, filter: string) => `json_build_object(
    'count', count(*) filter (where ${filter}),
    'amount', coalesce(sum(c.amount) filter (where ${filter}), 0)) as ${name}`;

const FIGURES = `
  select start, ${stretchEnd('start')} as end, c.currency, ${sum('sent', 'true')}, ${sum('captured', `c.status = 'captured'`)},
         ${sum('compared', 'c.verified_at is not null')}, ${sum('to_compare', 'c.verified_at is null')}
    from charges c, lateral (select ${stretchStart('c.first_sent_at')} as start) stretch
   where c.first_sent_at is not null
     and ($1::timestamptz is null or c.first_sent_at >= $1) and ($2::timestamptz is null or c.first_sent_at < $2)
   group by start, c.currency order by start, c.currency`;

const within = (column: string) =>
  `($1::timestamptz is null or ${column} >= $1) and ($2::timestamptz is null or ${column} < $2)`;

const ofCharge = 'c.id as charge, c.subscription, c.gateway_payment_id, c.reference, c.amount, c.currency';

const DIFFERENCES = `
  select 'surplus_capture' as kind, c.id, null as parked_row, ${ofCharge},
         'captured, and pays for nothing; ' || c.amount_refunded || ' given back' as detail, c.first_sent_at as since
    from charges c
   where c.surplus and c.status = 'captured' and c.amount_refunded + c.amount_credited < c.amount
     and ${within('coalesce(c.first_sent_at, c.created_at)')}
  union all
  select 'unknown', c.id, null, ${ofCharge}, coalesce(c.response_summary, 'outcome unknown'), c.first_sent_at
    from charges c
   where c.status = 'unknown' and c.first_sent_at < $3::timestamptz - interval '1 day' and ${within('c.first_sent_at')}
  union all
  select case p.kind when 'difference' then 'mismatch' when 'orphan' then 'orphan'
                     when 'charge' then case when c.parked_at is null then 'mismatch' else 'parked' end
                     else 'parked' end,
         p.row_id, p.id, c.id, coalesce(c.subscription, case p.kind when 'subscription' then p.row_id end),
         case p.kind when 'orphan' then p.row_id else coalesce(c.gateway_payment_id, e.payment_id) end,
         coalesce(c.reference, e.reference), c.amount, c.currency, p.error, p.parked_at
    from parked_rows p
    left join refunds r on p.kind = 'refund' and r.id = p.row_id
    left join charges c on c.id = case when p.kind in ('charge', 'difference') then p.row_id else r.charge end
    left join gateway_events e on p.kind = 'gateway_event' and e.id = p.row_id
   where p.released_at is null and p.kind <> 'decline' and ${within('p.parked_at')}
   order by since desc nulls last, id
   limit ${MOST_DIFFERENCES + 1}`;

/** Do the gateway and we agree? Charges count by the time of their first sending, on the engine's clock. */
@Injectable()
export class Reconciliation {
  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  async report({ from, to, interval }: DividedRange) {
    const now = await this.database.now();
    const [currencies, differences] = await Promise.all([
      this.database.query<CurrencyRow>(FIGURES, [from, to, interval, this.config.DEFAULT_TIME_ZONE]),
      this.database.query<Difference>(DIFFERENCES, [from, to, now]),
    ]);
    return {
      object: 'reconciliation_report' as const,
      from,
      to,
      interval,
      created_at: now,
      currencies,
      differences: differences.slice(0, MOST_DIFFERENCES),
      more_differences: differences.length > MOST_DIFFERENCES,
    };
  }
}
