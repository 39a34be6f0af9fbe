import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, readlinkSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * What tells a living process from a later one with the same number: boot and start time.
 * Undefined for a process that is gone, or a zombie.
 */
function identityOfProcess(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name stands in parentheses and may itself hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Whether the signal number 0 reaches the process: how PostgreSQL itself judges its lock file. */
function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Writes a file that must not exist yet, whole or not at all; false when somebody else was first. */
export function createOnce(path: string, content: string): boolean {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, content, { mode: 0o644, flag: 'wx' });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What an engine writes to claim an area; the path is in it, because a copied folder copies the claim. */
function claimOf(pid: number, area: string): string | undefined {
  const identity = identityOfProcess(pid);
  return identity === undefined ? undefined : `${pid}\n${identity}\n${area}\n`;
}

/** The pid of the engine that wrote this claim, if that very process still lives. */
function liveHolder(claim: string, area: string): number | undefined {
  const pid = Number.parseInt(claim, 10);
  return claimOf(pid, area) === claim ? pid : undefined;
}

/**
 * Claims the data area for this engine; the answer gives the claim back.
 * Throws one clear line when another living engine holds it.
 */
export function claimArea(area: string): () => void {
  const path = join(area, 'engine.pid');
  const mine = claimOf(process.pid, area) ?? `${process.pid}\n`;
  while (!createOnce(path, mine)) {
    const seen = readIfPresent(path);
    if (seen === undefined) continue;
    const holder = liveHolder(seen, area);
    if (holder !== undefined) {
      throw new Error(`embedded PostgreSQL: already running, pid ${holder} uses the data in ${area}`);
    }
    const aside = `${path}.${randomUUID()}`;
    try {
      renameSync(path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw error;
    }
    // Another start may have replaced the stale claim in between: a living one goes back.
    const taken = readFileSync(aside, 'utf8');
    if (taken !== seen && liveHolder(taken, area) !== undefined) createOnce(path, taken);
    rmSync(aside, { force: true });
  }
  return () => {
    if (readIfPresent(path) === mine) rmSync(path, { force: true });
  };
}

/** The first and the status line of `postmaster.pid`. */
export function readPostmaster(cluster: string): { pid: number; ready: boolean } | undefined {
  const lines = readIfPresent(join(cluster, 'postmaster.pid'))?.split('\n');
  const pid = Number(lines?.[0]);
  return Number.isInteger(pid) && pid > 0 ? { pid, ready: lines?.[7]?.trim() === 'ready' } : undefined;
}

function servesCluster(pid: number, cluster: string): boolean {
  const path = realpathSync(cluster);
  try {
    // A postmaster works inside its data folder, whatever its command line looks like.
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === path;
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(path);
  } catch {
    return false;
  }
}

async function goneWithin(pid: number, identity: string | undefined, seconds: number): Promise<boolean> {
  if (identity === undefined) return true;
  const deadline = Date.now() + seconds * 1000;
  while (identityOfProcess(pid) === identity) {
    if (Date.now() > deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}

/**
 * Clears what an engine that died left on the cluster: stops its postmaster, and removes a lock file
 * whose number now belongs to some other process, which PostgreSQL alone would take for its own.
 */
export async function clearLeftovers(cluster: string, log: (line: string) => void): Promise<void> {
  const found = readPostmaster(cluster);
  if (found === undefined) return;
  const identity = identityOfProcess(found.pid);
  if (identity === undefined || !servesCluster(found.pid, cluster)) {
    // A dead number is left to PostgreSQL, which then also looks for surviving backends.
    if (answersSignals(found.pid)) rmSync(join(cluster, 'postmaster.pid'), { force: true });
    return;
  }
  log(`stopping the database server ${found.pid} that an earlier engine left behind`);
  const steps: [NodeJS.Signals, number][] = [['SIGINT', 20], ['SIGQUIT', 5], ['SIGKILL', 5]];
  for (const [name, seconds] of steps) {
    signal(found.pid, name);
    if (await goneWithin(found.pid, identity, seconds)) return;
  }
  throw new Error(`embedded PostgreSQL: the earlier database server ${found.pid} does not stop`);
}
