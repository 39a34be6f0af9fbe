import type { World } from './world.js';

interface Entry {
  payment_id: string;
  reference: string;
  amount: number;
  refunds: { amount: number }[];
}

interface Capture {
  gateway_payment_id: string;
  subscription: string;
  period_no: number;
  amount: number;
  amount_refunded: number;
}

/** The gateway's book to its last line. */
export async function book(world: Pick<World, 'control'>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let cursor: number | null = 0; cursor !== null; ) {
    const page = await world.control('GET', `/book/entries?cursor=${cursor}&limit=1000`);
    entries.push(...(page.data as Entry[]));
    cursor = page.next_cursor as number | null;
  }
  return entries;
}

const kept = (entry: Entry): number => entry.amount - entry.refunds.reduce((sum, refund) => sum + refund.amount, 0);

/**
 * Everything that must be true of a world in which all is quiet, whatever happened before. The gateway's
 * book is the truth; what the engine says of itself is compared with it. Returns what is wrong.
 */
export async function violations(world: World): Promise<string[]> {
  const entries = await book(world);
  return [
    ...(await compareBooks(world, entries)),
    ...(await comparePeriods(world, entries)),
    ...(await comparePayments(world)),
    ...(await askTables(world)),
  ];
}

async function compareBooks(world: World, entries: readonly Entry[]): Promise<string[]> {
  const captures = await world.query<Capture>(
    `select gateway_payment_id, subscription, period_no, amount, amount_refunded from charges where status = 'captured'`,
  );
  const ours = new Map(captures.map((capture) => [capture.gateway_payment_id, capture]));
  const wrong: string[] = [];
  for (const entry of entries) {
    const capture = ours.get(entry.payment_id);
    ours.delete(entry.payment_id);
    if (!capture) wrong.push(`${entry.payment_id} (${entry.reference}) was captured, and the engine does not know`);
    else if (capture.amount !== entry.amount) wrong.push(`${entry.payment_id}: ${capture.amount} here, ${entry.amount} at the gateway`);
    else if (capture.amount - capture.amount_refunded !== kept(entry)) {
      wrong.push(`${entry.payment_id}: ${capture.amount_refunded} refunded here, ${entry.amount - kept(entry)} at the gateway`);
    }
  }
  return [...wrong, ...[...ours.keys()].map((id) => `${id} is captured here, and not at the gateway`)];
}

/** A period is paid once and marked so, or it is visibly owed; nothing is in between. */
async function comparePeriods(world: World, entries: readonly Entry[]): Promise<string[]> {
  const invoices = await world.query<{ subscription: string; period_no: number; status: string; payments: string[] }>(
    `select i.subscription, i.period_no, i.status, coalesce(array_agg(c.gateway_payment_id) filter (where c.status = 'captured'), '{}') as payments
       from invoices i left join charges c on c.subscription = i.subscription and c.period_no = i.period_no
      where i.status <> 'void' and i.total > 0 group by i.subscription, i.period_no, i.status`,
  );
  const truth = new Map(entries.map((entry) => [entry.payment_id, entry]));
  return invoices.flatMap(({ subscription, period_no: period, status, payments }) => {
    const taken = payments.filter((id) => truth.has(id));
    const keeping = taken.filter((id) => kept(truth.get(id) as Entry) > 0).length;
    const name = `${subscription}, period ${period} (${status})`;
    if (keeping > 1) return [`${name}: captured ${keeping} times`];
    if (status === 'paid' && taken.length === 0) return [`${name}: never captured`];
    if (status === 'open' && keeping > 0) return [`${name}: captured, and still owed`];
    return [];
  });
}

/** One reference is one payment: a second one would be money asked for twice. */
async function comparePayments(world: World): Promise<string[]> {
  const counts = new Map<string, number>();
  for (let cursor: number | null = 0; cursor !== null; ) {
    const page = await world.control('GET', `/payments?cursor=${cursor}&limit=1000`);
    for (const { reference } of page.data as { reference: string }[]) counts.set(reference, (counts.get(reference) ?? 0) + 1);
    cursor = page.next_cursor as number | null;
  }
  return [...counts].filter(([, count]) => count > 1).map(([reference, count]) => `${reference}: the gateway holds ${count} payments`);
}

async function askTables(world: World): Promise<string[]> {
  const ask = async (sql: string, parameters: unknown[] = []): Promise<string[]> =>
    (await world.query<{ wrong: string }>(sql, parameters)).map(({ wrong }) => wrong);
  return [
    ...(await ask(`select kind || ' ' || row_id || ': ' || detail as wrong from coherence($1)`, [await world.now()])),
    ...(await ask(`select 'events of ' || subject || ' have a gap' as wrong from events
                    group by subject having min(sequence) <> 1 or max(sequence) <> count(*)`)),
    ...(await ask(`select 'invoice numbers have a gap' as wrong from (
                     select substr(number, 1, 5) as year, substr(number, 6)::int as n from invoices) numbers
                    group by year having max(n) <> count(*)`)),
    ...(await ask(`select 'parked: ' || kind || ' ' || row_id || ': ' || error as wrong from parked_rows where released_at is null`)),
    ...(await ask(`select 'charge ' || id || ' is still ' || status as wrong from charges
                    where status in ('created', 'sending', 'pending', 'unknown') and kind in ('recurring', 'retry')`)),
    ...(await ask(`select 'refund ' || id || ' is still ' || status as wrong from refunds
                    where status in ('created', 'sending', 'pending', 'unknown')`)),
  ];
}
