import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/platform/database/embedded.postgres.js';
import { withClient } from '../support/postgres.js';

const asRoot = process.geteuid?.() === 0;

let shared: string;
let dataDir: string;
let running: EmbeddedPostgres[];
// Another for each test, because the shared data still holds the last one.
let answer: number;

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'zhouqi-embedded-'));
});

afterAll(() => removeEmbeddedPostgres(shared));

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'zhouqi-embedded-'));
  running = [];
  answer = randomInt(1_000_000);
});

/** Takes the data that an earlier test left, where how it came about does not matter: initdb is slow. */
async function useShared(): Promise<void> {
  await rm(dataDir, { recursive: true });
  dataDir = shared;
}

afterEach(async () => {
  await Promise.all(running.map((server) => server.stop('immediate')));
  if (dataDir !== shared) await removeEmbeddedPostgres(dataDir);
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, port: 0, ...options });
  running.push(server);
  return server;
}

async function ask(url: string, sql: string): Promise<unknown> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return Object.values(rows?.[0] ?? {})[0];
  });
}

const keep = (): string => `DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT ${answer} AS answer`;

const write = ({ url }: { url: string }): Promise<unknown> => ask(url, keep());

const read = (server: EmbeddedPostgres): Promise<unknown> => ask(server.url, 'SELECT answer FROM kept');

/** Starts a process that lives until it is told to end. */
async function bystander(options: { uid?: number } = {}): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', 'echo up; read -r _'], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
    ...options,
  });
  await once(child.stdout, 'data');
  return child;
}

describe('a first start and the next', () => {
  test('data survives an orderly stop, which may be asked for twice', async () => {
    const first = await start();
    await write(first);
    await Promise.all([first.stop(), first.stop()]);
    await first.stop();
    await expect(ask(first.url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);

    expect(await read(await start())).toBe(answer);
  });

  test('it is a UTF-8 server in UTC that demands a password and listens on the loopback only', async () => {
    const server = await start();
    const show = (name: string): Promise<unknown> => ask(server.url, `SHOW ${name}`);

    expect(await ask(server.url, 'SELECT current_database()')).toBe('zhouqi');
    expect(await show('server_encoding')).toBe('UTF8');
    expect(await show('timezone')).toBe('UTC');
    expect(await show('listen_addresses')).toBe('127.0.0.1');
    expect(await show('unix_socket_directories')).toBe('');
    expect(await show('fsync')).toBe('on');
    expect(await ask(server.url, `SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules`)).toBe(
      'scram-sha-256',
    );
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(ask(wrong.toString(), 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    expect((await stat(join(dataDir, 'password'))).mode & 0o777).toBe(0o600);
    expect((await stat(server.dataDir)).mode & 0o777).toBe(0o700);
  });

  test('a half-made data folder is made anew', async () => {
    await mkdir(join(dataDir, 'cluster.new-interrupted'));
    await writeFile(join(dataDir, 'cluster.new-interrupted', 'PG_VERSION'), '18\n');
    await mkdir(join(dataDir, 'cluster', 'base'), { recursive: true });

    const server = await start();

    expect(await ask(server.url, 'SELECT 1')).toBe(1);
    await expect(stat(join(dataDir, 'cluster.new-interrupted'))).rejects.toThrow(/ENOENT/);
  });

  test('a port in use is left to its owner', async () => {
    await useShared();
    const owner = createServer().listen(0, '127.0.0.1');
    await once(owner, 'listening');
    const { port } = owner.address() as AddressInfo;

    const server = await start({ port });

    expect(server.port).not.toBe(port);
    expect(await ask(server.url, 'SELECT 1')).toBe(1);
    owner.close();
  });
});

describe('after an accident', () => {
  beforeEach(useShared);

  test('a killed server recovers what was committed', async () => {
    const first = await start();
    await write(first);
    first.kill();
    await first.exited;

    expect(await read(await start())).toBe(answer);
  });

  test('a lock file is stale when its number is dead or belongs to another process', async () => {
    const first = await start();
    await write(first);
    first.kill();
    await first.exited;
    const lock = join(first.dataDir, 'postmaster.pid');
    const { uid } = await stat(first.dataDir);
    const other = await bystander(asRoot ? { uid } : {});
    const [, ...rest] = (await readFile(lock, 'utf8')).split('\n');
    await writeFile(lock, [other.pid, ...rest].join('\n'));

    expect(await read(await start())).toBe(answer);
    expect(other.exitCode).toBeNull();
    other.kill('SIGKILL');
  });

  test('a claim is stale when its engine is gone, though its number lives on', async () => {
    await (await start()).stop();
    const other = await bystander();
    await writeFile(join(dataDir, 'engine.pid'), `${other.pid}\nanother boot:1\n${dataDir}\n`);

    expect(await ask((await start()).url, 'SELECT 1')).toBe(1);
    other.kill('SIGKILL');
  });
});

// Lets plain Node run the sources, whose imports name the built files.
const RESOLVE_SOURCES = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ resolve: (name, context, next) => {
    const own = name.endsWith('.js') && context.parentURL?.endsWith('.ts');
    return next(own ? name.replace(/js$/, 'ts') : name, context);
  } });
`)}`;
const SOURCE = new URL('../../src/platform/database/embedded.postgres.ts', import.meta.url).href;

/** An engine in a process and a process group of its own, which drains on Ctrl-C. */
async function engine(): Promise<{ child: ChildProcess; url: string; pid: number }> {
  const script = `
    import pg from 'pg';
    import { startEmbeddedPostgres } from '${SOURCE}';
    const server = await startEmbeddedPostgres(${JSON.stringify({ dataDir, port: 0 })});
    process.on('SIGINT', async () => {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query('${keep()}');
      await client.end();
      await server.stop();
      process.exit(0);
    });
    console.log(JSON.stringify({ url: server.url, pid: server.pid }));
    setInterval(() => {}, 1_000_000);
  `;
  const child = spawn(process.execPath, ['--import', RESOLVE_SOURCES, '--input-type=module', '-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, ...(JSON.parse(line.toString()) as { url: string; pid: number }) };
}

/** The process that stops the server when its engine dies. */
async function watcherOf(pid: number): Promise<number> {
  for (const entry of await readdir('/proc')) {
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(`zhouqi-watch\0${pid}\0`)) return Number(entry);
  }
  throw new Error(`nobody watches ${pid}`);
}

describe('when the engine ends', () => {
  beforeEach(useShared);

  test('Ctrl-C reaches the engine alone, which still has its database while it drains', async () => {
    const { child } = await engine();
    process.kill(-(child.pid ?? 0), 'SIGINT');
    const [code] = await once(child, 'exit');

    expect(code).toBe(0);
    expect(await read(await start())).toBe(answer);
  });

  test('a killed engine’s server stops by itself, and the next start waits for it', async () => {
    const { child, url } = await engine();
    await write({ url });
    child.kill('SIGKILL');
    await once(child, 'exit');

    const next = await start();

    expect(await read(next)).toBe(answer);
    await expect(ask(url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  });

  test.runIf(process.platform === 'linux')('a server that nobody stopped is stopped by the next start', async () => {
    const { child, url, pid } = await engine();
    await write({ url });
    process.kill(await watcherOf(pid), 'SIGKILL');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await ask(url, 'SELECT 1')).toBe(1);

    const lines: string[] = [];
    const next = await start({ log: (line) => lines.push(line) });

    expect(lines.join('\n')).toContain(`${pid} that an earlier engine left behind`);
    expect(await read(next)).toBe(answer);
    await expect(ask(url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('two on one folder', () => {
  test('the second is told who was first, and the first goes on', async () => {
    await useShared();
    const first = await start();

    await expect(start()).rejects.toThrow(`already running, pid ${process.pid}`);
    expect(await ask(first.url, 'SELECT 1')).toBe(1);
  });

  test('of two at the same moment exactly one starts', async () => {
    const answers = await Promise.allSettled([start(), start()]);

    expect(answers.map((answer) => answer.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await ask(running[0]?.url ?? '', 'SELECT 1')).toBe(1);
  });
});

describe.runIf(asRoot)('a project that only root may enter', () => {
  test('data lives elsewhere, survives a restart and is removed with the folder', async () => {
    await chmod(dataDir, 0o700);
    const inside = join(dataDir, 'project', '.data');
    const first = await start({ dataDir: inside });
    await write(first);
    await first.stop();

    const second = await start({ dataDir: inside });

    expect(await read(second)).toBe(answer);
    expect(second.dataDir).toBe(first.dataDir);
    expect(second.dataDir.startsWith(dataDir)).toBe(false);
    await second.stop();
    await removeEmbeddedPostgres(inside);
    await expect(stat(second.dataDir)).rejects.toThrow(/ENOENT/);
  });

  test('a copied project does not serve the original’s data, a moved one keeps its own', async () => {
    const original = join(dataDir, 'original', '.data');
    const first = await start({ dataDir: original });
    await write(first);
    const pointer = await readFile(join(original, 'location.json'), 'utf8');
    const copy = join(dataDir, 'copy', '.data');
    await mkdir(copy, { recursive: true });
    await writeFile(join(copy, 'location.json'), pointer);

    const copied = await start({ dataDir: copy });

    expect(copied.dataDir).not.toBe(first.dataDir);
    await Promise.all([copied.stop(), first.stop()]);
    await rm(original, { recursive: true });
    await writeFile(join(copy, 'location.json'), pointer);
    expect(await read(await start({ dataDir: copy }))).toBe(answer);
    await running.at(-1)?.stop();
    await removeEmbeddedPostgres(copy);
    await rm(join(copied.dataDir, '..'), { recursive: true });
  });
});
