import type pg from 'pg';
import { chargeTransitions } from '../src/domain/charge.js';
import { invoiceTransitions } from '../src/domain/invoice.js';
import { refundTransitions } from '../src/domain/refund.js';
import { subscriptionTransitions } from '../src/domain/subscription.js';

/** The database itself counts which ways its rows go. */
const WATCH = `
create unlogged table lab_edges (kind text, was text, became text, times bigint not null, primary key (kind, was, became));
create function lab_watch() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    insert into lab_edges as e select tg_table_name, o.status, n.status, count(*) from lab_old o join lab_new n using (id)
      where o.status <> n.status group by 1, 2, 3 order by 1, 2, 3
      on conflict (kind, was, became) do update set times = e.times + excluded.times;
  else
    insert into lab_edges as e select tg_table_name, '-', n.status, count(*) from lab_new n group by 1, 2, 3 order by 1, 2, 3
      on conflict (kind, was, became) do update set times = e.times + excluded.times;
  end if;
  return null;
end $$;`;

export async function watchEdges(admin: pg.Client): Promise<void> {
  await admin.query(WATCH);
  for (const table of ['subscriptions', 'invoices', 'charges', 'refunds']) {
    await admin.query(`create trigger lab_watch_updates after update on ${table}
      referencing old table as lab_old new table as lab_new for each statement execute function lab_watch()`);
    await admin.query(`create trigger lab_watch_inserts after insert on ${table}
      referencing new table as lab_new for each statement execute function lab_watch()`);
  }
}

export type Counts = Record<string, number>;

/** How often each edge was taken, as `charges sending pending`. */
export async function readEdges(admin: pg.Client): Promise<Counts> {
  const { rows } = await admin.query<{ edge: string; times: string }>(`select kind || ' ' || was || ' ' || became as edge, times from lab_edges`);
  return Object.fromEntries(rows.map(({ edge, times }) => [edge, Number(times)]));
}

type Table = Record<string, Record<string, string | undefined>>;

const MACHINES: Record<string, Table> = {
  charges: chargeTransitions,
  invoices: invoiceTransitions,
  subscriptions: subscriptionTransitions,
  refunds: refundTransitions,
};

/** Every edge of the machines that changes a status. */
export function allEdges(): string[] {
  const edges = Object.entries(MACHINES).flatMap(([kind, table]) =>
    Object.entries(table).flatMap(([was, events]) =>
      Object.values(events)
        .filter((became) => became !== undefined && became !== was)
        .map((became) => `${kind} ${was} ${became}`),
    ),
  );
  return [...new Set(edges)];
}

/** Edges that this simulation cannot take, and why. */
export const NOT_TAKEN: Readonly<Record<string, string>> = {
  'invoices draft open': 'invoices are written open; drafts are for one-off invoices, which do not exist yet',
  'invoices draft void': 'as above',
  'subscriptions past_due unpaid': 'the one dunning policy there is ends with a cancel',
  'subscriptions unpaid active': 'as above',
  'subscriptions unpaid canceled': 'as above',
};
