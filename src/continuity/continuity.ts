import { Injectable, Logger } from '@nestjs/common';
import { recordEvents } from '../events/outbox.js';
import { Config } from '../platform/config/config.js';
import { Database, type Transaction } from '../platform/database/database.js';
import type { Queryable } from '../platform/database/queryable.js';

/** Without a heartbeat for this long nobody was alive; restarts and deploys are shorter. */
const GAP_SECONDS = 120;

interface EngineState {
  system_identifier: string;
  timeline: number;
  heartbeat_at: Date;
  quarantined_at: Date | null;
  quarantine_reason: string | null;
}

/** What a sender must know before it sends anything. */
export interface Standing {
  quarantined: boolean;
  /** Whether there ever was a time that this database knows nothing of: then charges go through clearance. */
  hasGaps: boolean;
}

/**
 * Whether this database is the one we left, and whether anybody was alive meanwhile. A restored database has
 * forgotten what was charged after its backup: then nothing is sent before the gateway has been asked.
 */
@Injectable()
export class Continuity {
  private readonly log = new Logger(Continuity.name);

  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /** At the start: compares the cluster with the one we remember. Returns whether it is in quarantine now. */
  async start(forceQuarantine = false): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const now = await identity(tx);
      await tx.query(
        `insert into engine_state (system_identifier, timeline, heartbeat_at) values ($1, $2, $3)
         on conflict do nothing`,
        [now.system_identifier, now.timeline, tx.now],
      );
      const state = await remembered(tx);
      if (!state) throw new Error('The engine’s own state is missing');
      const gap = tx.now.getTime() - state.heartbeat_at.getTime() > GAP_SECONDS * 1000;
      const reason = changed(state, now) ?? (forceQuarantine ? 'asked for at the start' : null);
      if (gap || reason !== null) await noteGap(tx, reason === null ? 'silent' : 'forgotten');
      await this.recognise(tx, state, now, reason);
      return reason !== null || state.quarantined_at !== null;
    });
  }

  /** Says that somebody is alive, and looks whether the cluster was changed beneath us: a failover restarts nobody. */
  async beat(): Promise<number> {
    await this.database.transaction(async (tx) => {
      const now = await identity(tx);
      const state = await remembered(tx);
      if (!state) return;
      const reason = changed(state, now);
      if (reason !== null) await noteGap(tx, 'forgotten');
      await this.recognise(tx, state, now, reason);
    });
    return 0;
  }

  async standing(on: Queryable): Promise<Standing> {
    const [state] = await on.query<EngineState & { timeline_now: number; gaps: boolean }>(
      `select s.*, ${TIMELINE} as timeline_now, silent + forgotten <> '{}' as gaps from engine_state s`,
    );
    // Before the next heartbeat has noticed it, nothing is sent either.
    const elsewhere = state !== undefined && state.timeline !== state.timeline_now;
    return { quarantined: elsewhere || (state?.quarantined_at ?? null) !== null, hasGaps: state?.gaps ?? false };
  }

  async quarantine() {
    const [state] = await this.database.query<EngineState & { lost_from: Date | null; lost_until: Date | null }>(
      `select s.*, lower(lost) as lost_from, upper(lost) as lost_until
         from engine_state s left join lateral (select lost from unnest(silent + forgotten) as lost order by lost desc limit 1) l on true`,
    );
    return {
      object: 'quarantine' as const,
      active: (state?.quarantined_at ?? null) !== null,
      since: state?.quarantined_at ?? null,
      reason: state?.quarantine_reason ?? null,
      lost_from: state?.lost_from ?? null,
      lost_until: state?.lost_until ?? null,
      to_reconcile: await this.underWay(),
    };
  }

  /** Ends the quarantine. Charges of the lost time are still looked up before their first sending. */
  async release(): Promise<void> {
    await this.database.transaction(async (tx) => {
      const state = await remembered(tx);
      await tx.query('update engine_state set quarantined_at = null, quarantine_reason = null');
      const before = { active: (state?.quarantined_at ?? null) !== null, since: state?.quarantined_at ?? null, reason: state?.quarantine_reason ?? null };
      tx.note({ resource: 'engine', before, after: { active: false, since: null, reason: null } });
      // What was asked in quarantine may have been asked before the gateway showed the last payments.
      await tx.query(`update charges set cleared_at = null where status = 'created' and cleared_at is not null`);
    });
    this.log.warn('quarantine released');
  }

  /**
   * In quarantine: ends it when every charge that was under way has been asked about since, and when what the
   * lost life sent in its last moment must be visible at the gateway.
   */
  async releaseWhenReconciled(): Promise<number> {
    const [state] = await this.database.query<EngineState>('select * from engine_state');
    if (!state?.quarantined_at) return 0;
    const now = await this.database.now();
    if (now.getTime() - state.quarantined_at.getTime() < this.config.CKO_SETTLE_SECONDS * 1000) return 0;
    if ((await this.underWay()) > 0) return 0;
    await this.release();
    return 1;
  }

  private async recognise(tx: Transaction, state: EngineState, now: Identity, reason: string | null): Promise<void> {
    await tx.query('update engine_state set system_identifier = $1, timeline = $2, heartbeat_at = greatest(heartbeat_at, $3)', [
      now.system_identifier,
      now.timeline,
      tx.now,
    ]);
    if (reason !== null && state.quarantined_at === null) await this.enter(tx, reason);
  }

  private async enter(tx: Transaction, reason: string): Promise<void> {
    this.log.error({ reason }, 'in quarantine: nothing is charged before the gateway has been asked');
    await tx.query('update engine_state set quarantined_at = $1, quarantine_reason = $2', [tx.now, reason]);
    for (const table of ['charges', 'refunds']) {
      await tx.query(
        `update ${table} set next_check_at = $1 where parked_at is null and status in ('sending', 'pending', 'unknown')`,
        [tx.now],
      );
      // The lost life may have sent them again until it ended: S and the proof of absence count from here.
      await tx.query(`update ${table} set last_sent_at = $1 where status in ('sending', 'unknown') and last_sent_at < $1`, [tx.now]);
    }
    // What is done with here may have come to money, or given some back, in the time that is lost.
    await tx.query(
      `update charges set next_check_at = $1
        where parked_at is null and status not in ('created', 'sending', 'pending', 'unknown') and next_check_at > $1`,
      [tx.now],
    );
    const object = { id: 'engine', object: 'engine', reason, quarantined_at: tx.now };
    await recordEvents(tx, [{ type: 'engine.quarantined', subject: 'engine', at: tx.now, data: { object } }]);
  }

  /** Charges and refunds sent before the quarantine began and not asked about since. */
  private async underWay(): Promise<number> {
    const [row] = await this.database.query<{ open: number }>(
      `select count(*)::int as open from engine_state s, (
         select status, parked_at, next_check_at from charges
         union all select status, parked_at, next_check_at from refunds) sent
        where s.quarantined_at is not null and sent.parked_at is null
          and sent.status in ('sending', 'pending', 'unknown') and sent.next_check_at <= s.quarantined_at`,
    );
    return row?.open ?? 0;
  }
}

type Identity = Pick<EngineState, 'system_identifier' | 'timeline'>;

/** The branch that is being written on: the control file learns of a promotion only with the next checkpoint. */
const TIMELINE = `('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int`;

async function identity(on: Queryable): Promise<Identity> {
  const [row] = await on.query<Identity>(
    `select (select system_identifier::text from pg_control_system()) as system_identifier, ${TIMELINE} as timeline`,
  );
  if (!row) throw new Error('The cluster does not tell who it is');
  return row;
}

async function remembered(tx: Transaction): Promise<EngineState | undefined> {
  const [state] = await tx.query<EngineState>('select * from engine_state for update');
  return state;
}

/** From the last heartbeat until now nobody lived, or what he did is forgotten. */
async function noteGap(tx: Transaction, kind: 'silent' | 'forgotten'): Promise<void> {
  await tx.query(`update engine_state set ${kind} = ${kind} + tstzmultirange(tstzrange(least(heartbeat_at, $1), $1, '[]'))`, [tx.now]);
}

function changed(state: EngineState, now: Identity): string | null {
  if (state.system_identifier !== now.system_identifier) return 'the database lives on another cluster';
  if (state.timeline !== now.timeline) return 'the database was restored or failed over (another timeline)';
  return null;
}
