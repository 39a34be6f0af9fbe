import 'reflect-metadata';
import pg from 'pg';
import { type Dispatcher, Pool } from 'undici';
import type { Queryable } from '../src/platform/database/queryable.js';
import { DatabaseClock } from '../src/platform/clock/clock.js';

/**
 * Loaded into an engine's process before anything else (`node --import`). Two things are put in the way of
 * the production code, and nothing of it is changed: the database's clock is moved by what the table
 * `chaos_clock` says, and the process dies at the n-th point at which something becomes true outside of it.
 */

/** What the parent sends: the engine with this database and key dies at its n-th point from now on. */
export interface Arm {
  type: 'arm';
  database: string;
  /** The gateway key, by which its calls are known. */
  key: string;
  /** Counted from 1; 0 only counts. */
  point: number;
}

/** What the parent hears when an engine has died: at which point, and what was going on there. */
export interface Died {
  type: 'died';
  database: string;
  point: number;
  label: string;
}

interface Fate {
  database: string;
  point: number;
  passed: number;
  dead: boolean;
}

const byDatabase = new Map<string, Fate>();
const byKey = new Map<string, Fate>();
const never = (): Promise<never> => new Promise(() => undefined);

process.on('message', (message: Arm) => {
  if (message?.type !== 'arm') return;
  const fate: Fate = { database: message.database, point: message.point, passed: 0, dead: false };
  byDatabase.set(message.database, fate);
  byKey.set(`Bearer ${message.key}`, fate);
});

/**
 * Counts one point; true when the engine is dead from here on: nothing that it begins leaves the process any
 * more, and nothing that comes back is heard. The parent kills the process when all engines in it are there.
 */
function passes(fate: Fate | undefined, label: string): boolean {
  if (!fate) return false;
  if (fate.dead) return true;
  fate.passed += 1;
  if (fate.passed !== fate.point) return false;
  fate.dead = true;
  process.send?.({ type: 'died', database: fate.database, point: fate.point, label } satisfies Died);
  return true;
}

// The engine's clock is the database's: moved in the one place where it is asked for.
DatabaseClock.prototype.now = async (on: Queryable) => {
  const [row] = await on.query<{ now: Date }>('select (clock_timestamp() + (select shift from chaos_clock))::timestamptz(3) as now');
  return (row as { now: Date }).now;
};

const WRITTEN = /\b(?:insert\s+into|update|delete\s+from)\s+(?!set\b)(\w+)/gi;
/** The heartbeat ticks on its own: what is counted must not depend on how long things take. */
const NOT_COUNTED = new Set(['engine_state', 'api_keys', 'gateway_windows']);

function tablesWritten(sql: string): string[] {
  if (/^\s*select\b/i.test(sql)) return [];
  return [...sql.matchAll(WRITTEN)].map((match) => match[1] as string).filter((table) => !NOT_COUNTED.has(table));
}

type Query = (this: pg.Client, ...args: unknown[]) => unknown;
const original = pg.Client.prototype.query as unknown as Query;
/** What the open transaction of a connection has written so far. */
const open = new WeakMap<pg.Client, Set<string>>();

async function dieAround(client: pg.Client, args: unknown[], fate: Fate | undefined, label: string): Promise<unknown> {
  if (passes(fate, `before ${label}`)) return never();
  const answer = await original.apply(client, args);
  return passes(fate, `after ${label}`) ? never() : answer;
}

function query(this: pg.Client, ...args: unknown[]): unknown {
  const fate = byDatabase.get(this.database ?? '');
  if (fate?.dead) return never();
  // Callbacks are how the driver's own pool speaks; the engine never does.
  if (typeof args.at(-1) === 'function') return original.apply(this, args);
  const [statement] = args;
  const sql = typeof statement === 'string' ? statement : ((statement as { text?: string } | undefined)?.text ?? '');
  if (sql === 'START TRANSACTION') open.set(this, new Set());
  const written = open.get(this);
  if (sql === 'COMMIT' || sql === 'ROLLBACK') {
    open.delete(this);
    if (sql === 'COMMIT' && written && written.size > 0) return dieAround(this, args, fate, `commit of ${[...written].join(', ')}`);
    return original.apply(this, args);
  }
  const tables = tablesWritten(sql);
  if (tables.length === 0) return original.apply(this, args);
  if (!written) return dieAround(this, args, fate, `write of ${tables.join(', ')}`);
  return note(written, tables, original.apply(this, args) as Promise<pg.QueryResult>);
}

/** A statement that found no row has written nothing: timers that find no work are no points. */
async function note(written: Set<string>, tables: readonly string[], answer: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
  const result = await answer;
  if ((result.rowCount ?? 0) > 0) for (const table of tables) written.add(table);
  return result;
}
pg.Client.prototype.query = query as unknown as typeof pg.Client.prototype.query;

const dispatch = Pool.prototype.dispatch;

/** An answer that arrives, and perhaps is never heard. */
class Listening implements Dispatcher.DispatchHandler {
  constructor(
    private readonly to: Dispatcher.DispatchHandler,
    private readonly fate: Fate,
    private readonly label: string,
  ) {}

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.to.onRequestStart?.(controller, context);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[]>, text?: string): void {
    this.to.onResponseStart?.(controller, status, headers, text);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.to.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: Record<string, string | string[]>): void {
    if (!passes(this.fate, `after ${this.label}`)) this.to.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    if (!passes(this.fate, `after ${this.label}`)) this.to.onResponseError?.(controller, error);
  }
}

Pool.prototype.dispatch = function (this: Pool, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
  const { authorization } = (options.headers ?? {}) as Record<string, string>;
  const fate = byKey.get(authorization ?? '');
  if (!fate) return dispatch.call(this, options, handler);
  const label = `${options.method} ${options.path.replace(/pay_\w+/, '{id}').replace(/\?.*/, '?reference=')}`;
  if (passes(fate, `before ${label}`)) return true;
  return dispatch.call(this, options, new Listening(handler, fate, label));
};
