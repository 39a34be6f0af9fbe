import { execFile } from 'node:child_process';
import { chown, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type EmbeddedPostgres, removeEmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/database/embedded.postgres.js';
import { scratchFolder } from './scratch.js';

const run = promisify(execFile);

/** A PostgreSQL that archives its log, so that it can be taken back to an earlier moment. */
export class Cluster {
  private constructor(
    private readonly dir: string,
    private readonly owner: { uid: number; gid: number },
    private postgres: EmbeddedPostgres,
  ) {}

  static async open(): Promise<Cluster> {
    const dir = await scratchFolder('drill');
    // Only the server that runs tells whom its files belong to, and the archive must be his as well.
    const first = await startEmbeddedPostgres({ dataDir: join(dir, 'postgres'), port: 0 });
    const { uid, gid } = await stat(first.dataDir);
    await first.stop();
    const archive = await scratchFolder('archive');
    await chown(archive, uid, gid);
    const cluster = new Cluster(dir, { uid, gid }, first);
    cluster.archive = archive;
    await cluster.start(first.port);
    return cluster;
  }

  private archive = '';

  get url(): string {
    return this.postgres.url;
  }

  /** A base backup of the running server, file by file: what `pg_basebackup` does over a connection. */
  async backUp(): Promise<void> {
    const client = new pg.Client({ connectionString: this.postgres.url });
    await client.connect();
    await client.query(`select pg_backup_start('drill', true)`);
    await this.copy(this.postgres.dataDir, this.backup);
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop()');
    await client.end();
    await this.write(join(this.backup, 'backup_label'), rows[0]?.labelfile ?? '');
    await rm(join(this.backup, 'postmaster.pid'), { force: true });
  }

  /** A copy of the server at rest, as a snapshot of a disk would be. */
  async snapshot(): Promise<void> {
    await this.postgres.stop();
    await this.copy(this.postgres.dataDir, this.backup);
    await this.start(this.postgres.port);
  }

  stop(): Promise<void> {
    return this.postgres.stop();
  }

  /** Puts the backup in the place of the data and starts it; `recovers` replays the log up to the backup's end. */
  async restore({ recovers }: { recovers: boolean }): Promise<void> {
    const { dataDir, port } = this.postgres;
    await rm(dataDir, { recursive: true });
    await this.copy(this.backup, dataDir);
    if (recovers) await this.write(join(dataDir, 'recovery.signal'), '');
    await this.start(port);
  }

  async remove(): Promise<void> {
    await this.postgres.stop('immediate');
    await removeEmbeddedPostgres(join(this.dir, 'postgres'));
    await Promise.all([this.dir, this.archive].map((folder) => rm(folder, { recursive: true, force: true })));
  }

  private get backup(): string {
    return join(this.dir, 'backup');
  }

  private async start(port: number): Promise<void> {
    this.postgres = await startEmbeddedPostgres({
      dataDir: join(this.dir, 'postgres'),
      port,
      settings: {
        archive_mode: 'on',
        archive_command: `cp %p ${this.archive}/%f`,
        restore_command: `cp ${this.archive}/%f %p`,
        // The end of the backup: everything later is lost, which is what is to be practised.
        recovery_target: 'immediate',
        recovery_target_action: 'promote',
        // Nobody is served before the new timeline has begun.
        hot_standby: 'off',
      },
    });
  }

  private async copy(from: string, to: string): Promise<void> {
    await mkdir(to, { mode: 0o700 });
    // Files that vanish while they are copied are none that a recovery needs.
    await run('cp', ['-a', `${from}/.`, to]).catch(() => undefined);
    await stat(join(to, 'PG_VERSION'));
  }

  private async write(path: string, content: string): Promise<void> {
    await writeFile(path, content);
    await chown(path, this.owner.uid, this.owner.gid);
  }
}
