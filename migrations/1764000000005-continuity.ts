import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the engine must remember about itself: when it last lived, on which database, and how the gateway is. */
export class Continuity1764000000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
-- One row: the installation's own life.
create table engine_state (
  only_row boolean primary key default true check (only_row),
  -- Which cluster, and on which branch of its history: both change when a backup is restored.
  system_identifier text not null,
  timeline integer not null,
  heartbeat_at timestamptz(3) not null,
  -- The times in which no engine lived.
  silent tstzmultirange not null default '{}',
  -- The times of which a restored database knows nothing: another life may have charged in them.
  forgotten tstzmultirange not null default '{}',
  quarantined_at timestamptz(3),
  quarantine_reason text
);
-- One row: whether the gateway may be called, shared by all replicas.
create table gateway_circuit (
  only_row boolean primary key default true check (only_row),
  state text not null check (state in ('closed', 'open', 'ramping')),
  failures integer not null,
  openings integer not null,
  reason text,
  since timestamptz(3) not null
);
insert into gateway_circuit (state, failures, openings, reason, since)
  values ('closed', 0, 0, null, '2000-01-01T00:00:00Z');`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table engine_state, gateway_circuit`);
  }
}
