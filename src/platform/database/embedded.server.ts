import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ServerAccount, SERVER_ENVIRONMENT, identityOf } from './embedded.account.js';
import { freePorts } from './embedded.ports.js';
import { readPostmaster, signal } from './embedded.processes.js';

const POLL_MS = 10;
const RETRY_MS = 100;
/** Crash recovery of a large log may take minutes; a server still alive by then is stuck. */
const START_MINUTES = 10;
/** How long backends that outlived their postmaster may hold its memory. */
const SURVIVORS_MS = 15_000;

/** What one start of the postmaster needs. */
export interface Launch {
  postgres: string;
  cluster: string;
  area: string;
  account: ServerAccount | undefined;
  preferredPort: number;
  settings: Readonly<Record<string, string>>;
}

/** A postmaster that accepts connections. */
export interface Postmaster {
  pid: number;
  port: number;
  child: ChildProcess;
  exited: Promise<void>;
}

/** A file of its own for each start, one kept back: a pipe would break when the engine dies. */
function openLog(area: string): { path: string; fd: number } {
  const path = join(area, 'server.log');
  rmSync(`${path}.1`, { force: true });
  try {
    renameSync(path, `${path}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return { path, fd: openSync(path, 'wx', 0o600) };
}

/**
 * Stops the server in an orderly way when the engine ends without doing so, even by SIGKILL:
 * the far end of the watcher's input closes then, whatever the reason.
 */
function watch(pid: number, launch: Launch): ChildProcess {
  const script = 'read -r _; read -r now < "$2" || now=$1; [ "$now" = "$1" ] && kill -INT "$1"';
  const watcher = spawn(
    '/bin/sh',
    ['-c', script, 'zhouqi-watch', String(pid), join(launch.cluster, 'postmaster.pid')],
    {
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      ...identityOf(launch.account),
    },
  );
  // Without a watcher the next start finds and stops what is left.
  watcher.on('error', () => undefined);
  watcher.stdin?.on('error', () => undefined);
  watcher.unref();
  if (watcher.stdin instanceof Socket) watcher.stdin.unref();
  return watcher;
}

function start(launch: Launch, port: number, logFd: number): { child: ChildProcess; exited: Promise<void> } {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    // Sockets would need a folder that only we may enter; the loopback port with a password is enough.
    unix_socket_directories: '',
    max_connections: '100',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    ...launch.settings,
    port: String(port),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A session of its own, so that the terminal's Ctrl-C reaches the engine and not the database under it.
  const child = spawn(launch.postgres, ['-D', launch.cluster, ...flags], {
    cwd: '/',
    env: SERVER_ENVIRONMENT,
    detached: true,
    stdio: ['ignore', logFd, logFd],
    ...identityOf(launch.account),
  });
  const watcher = child.pid === undefined ? undefined : watch(child.pid, launch);
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      if (watcher !== undefined) watcher.kill('SIGKILL');
      resolve();
    };
    child.on('exit', end);
    child.on('error', end);
  });
  return { child, exited };
}

/** Waits until the server accepts connections; false when it ended instead. */
async function becomesReady(child: ChildProcess, cluster: string): Promise<boolean> {
  const deadline = Date.now() + START_MINUTES * 60_000;
  while (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const found = readPostmaster(cluster);
    if (found?.pid === child.pid && found.ready) return true;
    if (Date.now() > deadline) {
      signal(child.pid, 'SIGQUIT');
      throw new Error(`embedded PostgreSQL: not ready after ${START_MINUTES} minutes`);
    }
    await pause(POLL_MS);
  }
  return false;
}

function failure(report: string): Error {
  const lines = report.trim().split('\n');
  const telling = lines.findLast((line) => /FATAL|PANIC|ERROR|error/.test(line)) ?? lines.at(-1);
  // The prefix is the time and pid of a process that is gone.
  const reason = telling?.replace(/^.*?(?=FATAL|PANIC|ERROR)/, '');
  return new Error(`embedded PostgreSQL: the server did not start: ${reason || 'it left no message'}`);
}

/** Starts the postmaster on the first port that it really gets. */
export async function launchServer(launch: Launch): Promise<Postmaster> {
  const patience = Date.now() + SURVIVORS_MS;
  let report = 'no free port';
  for await (const port of freePorts(launch.preferredPort)) {
    for (;;) {
      const log = openLog(launch.area);
      const { child, exited } = start(launch, port, log.fd);
      closeSync(log.fd);
      if (await becomesReady(child, launch.cluster)) {
        // A forgotten stop() must not keep the engine's process alive; the watcher ends the server then.
        child.unref();
        return { pid: child.pid ?? 0, port, child, exited };
      }
      await exited;
      report = readFileSync(log.path, 'utf8');
      const heldBack = /pre-existing shared memory block|lock file ".*" already exists/.test(report);
      if (!heldBack || Date.now() > patience) break;
      await pause(RETRY_MS);
    }
    // Somebody took the port between our probe and the server's own try.
    if (!/could not bind|Address already in use/.test(report)) break;
  }
  throw failure(report);
}
