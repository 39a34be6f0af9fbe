import { Injectable } from '@nestjs/common';
import { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import type { Turn } from './measures.js';
import { TURNS } from './turns.js';

/** A figure as it was measured last; `label` holds the values of its labels, if it has any. */
export interface Measurement {
  name: string;
  label: string;
  value: number;
}

/** Measuring never takes more than a twentieth of the time, however large the books have grown. */
const REST = 20;
/** A measurer that died is not waited for any longer. */
const PATIENCE_MS = 3_600_000;

/** Measures what /metrics shows: one worker in turn does it for all. */
@Injectable()
export class Measuring {
  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /** Measures what is due. There is never more to do at once, so it always returns 0. */
  async run(): Promise<number> {
    for (const turn of Object.keys(TURNS) as Turn[]) if (await this.take(turn)) await this.measure(turn);
    return 0;
  }

  /** The figures as they were measured last. */
  measured(): Promise<Measurement[]> {
    return this.database.query<Measurement>(
      `select name, label, value from measurements
       union all
       select 'zhouqi_measured_timestamp_seconds', name, extract(epoch from measured_at)::float8 from measurement_turns
        where measured_at is not null`,
    );
  }

  private async take(turn: Turn): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const taken = await tx.query(
        'update measurement_turns set next_at = $2 where name = $1 and next_at <= $3 returning name',
        [turn, new Date(tx.now.getTime() + PATIENCE_MS), tx.now],
      );
      return taken.length > 0;
    });
  }

  private async measure(turn: Turn): Promise<void> {
    const { sql, parameters, everyMs } = TURNS[turn];
    const started = performance.now();
    const figures = await this.database.transaction(async (tx) => {
      // Large books take their time; nobody waits for it.
      await tx.query(`set local statement_timeout = '1h'`);
      return tx.query<Measurement>(sql, parameters(tx.now, this.config));
    });
    const rest = Math.max(everyMs, (performance.now() - started) * REST);
    await this.database.transaction(async (tx) => {
      await tx.query('delete from measurements where turn = $1', [turn]);
      await tx.query(
        `insert into measurements (turn, name, label, value)
         select $1, name, label, value from json_to_recordset($2::json) as r(name text, label text, value float8)`,
        [turn, JSON.stringify(figures)],
      );
      await tx.query('update measurement_turns set measured_at = $2, next_at = $3 where name = $1', [
        turn,
        tx.now,
        new Date(tx.now.getTime() + rest),
      ]);
    });
  }
}
