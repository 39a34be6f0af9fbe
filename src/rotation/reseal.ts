import pg from 'pg';
import { KEPT_MS } from '../access/idempotency.keys.js';
import type { DunningPolicy } from '../domain/dunning.js';
import { linksEndBy } from '../domain/pay.standing.js';
import { BlindIndex } from '../platform/crypto/blind.index.js';
import { Sealing } from '../platform/crypto/sealing.js';
import type { InstallationSecret } from '../platform/crypto/secret.js';
import { placeOfWallet, Wallets } from '../wallets/wallets.js';
import { placeOfSecret } from '../webhooks/signing.js';

const LARGEST_SET = 500;

/** A column that is sealed and kept for good. */
interface SealedColumn {
  table: string;
  column: string;
  /** What a row's text is sealed for. */
  place: (id: string) => string;
  /** The column that finds it, written with it. */
  index: string | null;
}

const COLUMNS: readonly SealedColumn[] = [
  { table: 'sources', column: 'gateway_source_id', place: placeOfWallet, index: 'gateway_source_index' },
  { table: 'webhook_endpoints', column: 'secret', place: placeOfSecret, index: null },
  { table: 'webhook_endpoints', column: 'previous_secret', place: placeOfSecret, index: null },
];

/** What was done, and what that leaves for the replaced secrets. */
export interface Resealed {
  columns: { name: string; resealed: number }[];
  /** Rows that no given secret opens, by `table.column id`. */
  unreadable: string[];
  /** Until when answers are kept that a replaced secret has sealed; null when there are none. */
  answersUntil: Date | null;
  /** Until when a pay link is good that was sent before now. */
  linksUntil: Date;
}

/**
 * Seals anew what replaced secrets have sealed, a set at a time, while the engines go on. May be run as the
 * engine's own role, and again: what is sealed with the current secret is left alone.
 */
export async function reseal(url: string, secret: InstallationSecret, largestSet = LARGEST_SET): Promise<Resealed> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const sealing = new Sealing(secret);
    const sealer = new Resealer(client, sealing, new Wallets(sealing, new BlindIndex(secret)));
    const columns = [];
    for (const column of COLUMNS) columns.push({ name: `${column.table}.${column.column}`, resealed: await sealer.reseal(column, largestSet) });
    const { rows } = await client.query<{ now: Date; last: Date | null }>(
      `select now(), (select max(created_at) from idempotency_keys where not (starts_with(coalesce(body, $1), $1) and starts_with(coalesce(secret, $1), $1))) as last`,
      [sealing.mark],
    );
    const { now, last } = rows[0] as (typeof rows)[0];
    const { rows: policies } = await client.query<Pick<DunningPolicy, 'retries'>>('select retries from dunning_policies');
    const answersUntil = last && new Date(last.getTime() + KEPT_MS);
    return { columns, unreadable: sealer.unreadable, answersUntil, linksUntil: linksEndBy(policies, now) };
  } finally {
    await client.end();
  }
}

interface SealedRow {
  id: string;
  sealed: string;
}

class Resealer {
  readonly unreadable: string[] = [];

  constructor(
    private readonly client: pg.Client,
    private readonly sealing: Sealing,
    private readonly wallets: Wallets,
  ) {}

  /** Returns how many rows were sealed anew. */
  async reseal(column: SealedColumn, largestSet: number): Promise<number> {
    const free = await this.walk(column, largestSet, 'skip locked');
    // What somebody held then is waited for, one row at a time: who holds one lock only is in nobody's ring.
    return free + (await this.walk(column, 1, ''));
  }

  private async walk(column: SealedColumn, size: number, locked: 'skip locked' | ''): Promise<number> {
    let resealed = 0;
    for (let after: string | undefined = ''; after !== undefined; ) {
      const { last, count } = await this.resealSet(column, after, size, locked);
      resealed += count;
      after = last;
    }
    return resealed;
  }

  private async resealSet({ table, column, place, index }: SealedColumn, after: string, size: number, locked: string) {
    await this.client.query('begin');
    try {
      const { rows } = await this.client.query<SealedRow>(
        `select id, ${column} as sealed from ${table} where id > $1 and not starts_with(${column}, $2)
          order by id limit $3 for no key update ${locked}`,
        [after, this.sealing.mark, size],
      );
      const anew = rows.flatMap((row) => this.anew(row, place(row.id), `${table}.${column} ${row.id}`));
      await this.client.query(
        `update ${table} t set ${column} = r.sealed${index === null ? '' : `, ${index} = r.index`}
           from unnest($1::text[], $2::text[], $3::text[]) as r(id, sealed, index) where t.id = r.id`,
        [anew.map(({ id }) => id), anew.map(({ sealed }) => sealed), anew.map(({ text }) => (index === null ? null : this.wallets.indexesOf(text)[0]))],
      );
      await this.client.query('commit');
      return { last: rows.at(-1)?.id, count: anew.length };
    } catch (error) {
      await this.client.query('rollback');
      throw error;
    }
  }

  private anew({ id, sealed }: SealedRow, place: string, name: string): (SealedRow & { text: string })[] {
    try {
      const text = this.sealing.open(sealed, place);
      return [{ id, text, sealed: this.sealing.seal(text, place) }];
    } catch {
      if (!this.unreadable.includes(name)) this.unreadable.push(name);
      return [];
    }
  }
}

/** What an operator is told of it. */
export function accountOf({ columns, unreadable, answersUntil, linksUntil }: Resealed): string {
  const lines = columns.map(({ name, resealed }) => `${name}: ${resealed} sealed anew`);
  if (unreadable.length > 0) {
    return [...lines, `No given secret opens ${unreadable.join(', ')}: keep the replaced secrets, and look into it.`].join('\n');
  }
  const keep = answersUntil === null ? 'now' : `from ${answersUntil.toISOString()} on, when the last kept answer that it sealed is gone`;
  return [
    ...lines,
    'Everything that is kept is sealed with the current secret.',
    `A replaced secret may be dropped ${keep}; pay links that were sent before it was replaced work with it until ${linksUntil.toISOString()} at the latest.`,
  ].join('\n');
}
