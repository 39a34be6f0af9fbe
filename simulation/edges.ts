import type pg from 'pg';
import { chargeTransitions } from '../src/domain/charge.js';
import { invoiceTransitions } from '../src/domain/invoice.js';
import { refundTransitions } from '../src/domain/refund.js';
import { subscriptionTransitions } from '../src/domain/subscription.js';

/** The database itself notes which ways its rows go: row by row, as the planner knows nothing about transition tables. */
const WATCH = `
create unlogged table lab_edges (kind text, was text, became text);
create function lab_watch() returns trigger language plpgsql as $$
begin
  insert into lab_edges values (tg_table_name, coalesce(old.status, '-'), new.status);
  return null;
end $$;`;

export async function watchEdges(admin: pg.Client): Promise<void> {
  await admin.query(WATCH);
  for (const table of ['subscriptions', 'invoices', 'charges', 'refunds']) {
    await admin.query(`create trigger lab_watch_updates after update on ${table} for each row when (old.status <> new.status) execute function lab_watch()`);
    await admin.query(`create trigger lab_watch_inserts after insert on ${table} for each row execute function lab_watch()`);
  }
}

export type Counts = Record<string, number>;

/** How often each edge was taken, as `charges sending pending`. */
export async function readEdges(admin: pg.Client): Promise<Counts> {
  const { rows } = await admin.query<{ edge: string; times: string }>(`select concat_ws(' ', kind, was, became) as edge, count(*) as times from lab_edges group by 1`);
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

/** Edges that only rare coincidences take: they are counted, and not demanded of a run. */
export const SELDOM: Readonly<Record<string, string>> = {
  'charges created pending': 'a restored database meets a payment that it forgot, before anybody looks',
  'charges created captured': 'as above',
  'charges created declined': 'as above',
  'charges created expired': 'as above, for a redirect',
  'charges created canceled': 'as above, for a redirect',
  'charges withdrawn captured': 'as above, after a cancel had withdrawn what was sent in the lost time',
  'charges sending expired': 'a worker sleeps with its answer until the redirect has lapsed, and its webhook is read first',
  'charges sending canceled': 'the customer cancels on a page whose link is still on its way to us',
  'charges unknown canceled': 'as above, after the lease ran out',
  'charges unknown absent': 'every sending fails until the key is dead',
  'invoices uncollectible paid': 'money comes late for a period that was given up after a cancel',
  'refunds created pending': 'a restored database meets a refund that it forgot',
  'refunds created succeeded': 'as above',
  'refunds created declined': 'as above',
  'refunds sending succeeded': 'the refund is paid out and told before its request is answered',
  'refunds unknown succeeded': 'the answer to a refund is lost, and a look-up comes after it was paid out',
  'refunds unknown pending': 'as above, before it was paid out',
  'refunds unknown declined': 'as above, and it was declined',
  'refunds unknown sending': 'a refund never arrived and is sent again',
  'refunds unknown created': 'a refund never arrives until its key is dead',
};

/** Edges that this simulation cannot take, and why. */
export const NOT_TAKEN: Readonly<Record<string, string>> = {
  'charges refused captured': 'the sandbox makes no payment of a request that it refuses',
  'charges absent captured': 'what is hidden longer than a key lives breaks what the gateway promises',
  'refunds declined succeeded': 'the sandbox never pays out a refund that it declined',
  'invoices draft open': 'invoices are written open; drafts are for one-off invoices, which do not exist yet',
  'invoices draft void': 'as above',
  'subscriptions past_due unpaid': 'the one dunning policy there is ends with a cancel',
  'subscriptions unpaid active': 'as above',
  'subscriptions unpaid canceled': 'as above',
};
