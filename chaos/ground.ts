import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, removeEmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/database/embedded.postgres.js';
import { runMigrations } from '../src/platform/database/migrate.js';
import { Gateways } from './processes.js';
import { scratchFolder } from './scratch.js';
import { World } from './world.js';

/** Moves the engine's clock ahead of the database's, for engines that were started with the preloaded module. */
export const CHAOS_CLOCK = `create table chaos_clock (shift interval not null); insert into chaos_clock values ('0')`;

export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

/** What stays up while engines come and go: one PostgreSQL, and one process full of sandboxes. */
export class Ground {
  private number = 0;

  private constructor(
    private readonly dir: string,
    private readonly postgres: EmbeddedPostgres,
    private readonly admin: pg.Client,
    readonly gateways: Gateways,
  ) {}

  static async open(): Promise<Ground> {
    const dir = await scratchFolder('chaos');
    const postgres = await startEmbeddedPostgres({
      dataDir: join(dir, 'postgres'),
      durable: false,
      port: 0,
      settings: { max_connections: '500', max_wal_size: '4GB', checkpoint_timeout: '1h', autovacuum: 'off' },
    });
    const admin = new pg.Client({ connectionString: postgres.adminUrl });
    await admin.connect();
    await admin.query('create database fresh');
    const url = urlOf(postgres.adminUrl, 'fresh');
    await runMigrations(url);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(CHAOS_CLOCK);
    await client.end();
    await mkdir(join(dir, 'fresh'));
    return new Ground(dir, postgres, admin, Gateways.start());
  }

  /** A world whose database and gateway are copies of another's, as they were when it was {@link World.rest | laid to rest}. */
  async clone(from = 'fresh'): Promise<World> {
    this.number += 1;
    const name = `world_${this.number}`;
    await this.admin.query(`create database ${name} template ${from}`);
    await cp(join(this.dir, from), join(this.dir, name), { recursive: true });
    return World.open({
      name,
      databaseUrl: urlOf(this.postgres.adminUrl, name),
      dataDir: join(this.dir, name),
      gateways: this.gateways,
    });
  }

  async remove(world: World): Promise<void> {
    await world.rest();
    await this.admin.query(`drop database ${world.name} with (force)`);
    await rm(join(this.dir, world.name), { recursive: true });
  }

  async close(): Promise<void> {
    await this.admin.end();
    await this.gateways.stop();
    await this.postgres.stop('immediate');
    await removeEmbeddedPostgres(join(this.dir, 'postgres'));
    await rm(this.dir, { recursive: true, force: true });
  }
}
