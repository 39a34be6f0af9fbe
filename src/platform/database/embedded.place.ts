import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type ServerAccount,
  accountOf,
  canEnter,
  runsAsRoot,
  serverAccount,
} from './embedded.account.js';
import { createOnce } from './embedded.processes.js';

/** Where the data really lives and who serves it; no account means: we ourselves. */
export interface Place {
  area: string;
  account: ServerAccount | undefined;
}

/** Names, in the project's folder, the area outside it that holds its data. */
const POINTER = 'location.json';

interface Pointer {
  home: string;
  area: string;
}

function shelterCandidates(): string[] {
  if (runsAsRoot()) return ['/var/lib/zhouqi', '/var/tmp/zhouqi'];
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return [join(cache, 'zhouqi'), `/var/tmp/zhouqi-${process.geteuid?.() ?? 0}`];
}

/** A folder of ours alone: in a place open to all, somebody else may have put one there first. */
async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path);
  return found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o022) === 0;
}

/** Opens a folder outside the project that only we may write and the account may pass through. */
export async function openShelter(
  kind: 'binaries' | 'data',
  account: ServerAccount | undefined,
): Promise<string> {
  for (const base of shelterCandidates()) {
    const folder = join(base, kind);
    try {
      await mkdir(folder, { recursive: true, mode: 0o711 });
      if (!(await isOurs(base)) || !(await isOurs(folder))) continue;
      // The mode given to mkdir is cut down by the umask.
      await chmod(base, 0o711);
      await chmod(folder, 0o711);
    } catch {
      continue;
    }
    if (await canEnter(folder, account)) return folder;
  }
  throw new Error(
    `embedded PostgreSQL: none of ${shelterCandidates().join(', ')} can be made and used; set DATABASE_URL`,
  );
}

async function ownerOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.uid;
}

async function readPointer(dataDir: string): Promise<Pointer | undefined> {
  const text = await readFile(join(dataDir, POINTER), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Pointer);
}

/** Hands the area to the account: it may pass through, only the area's owner may change it. */
async function admit(area: string, account: ServerAccount): Promise<void> {
  await chown(area, 0, account.gid);
  await chmod(area, 0o710);
}

/** Follows the pointer of this folder; undefined when it was copied along from another checkout. */
async function followPointer(dataDir: string, pointer: Pointer): Promise<Place | undefined> {
  if (pointer.home !== dataDir) {
    const original = await readPointer(pointer.home);
    if (original?.area === pointer.area) return undefined;
    await writeFile(join(dataDir, POINTER), JSON.stringify({ ...pointer, home: dataDir }));
  }
  const known = shelterCandidates().some((base) => dirname(pointer.area) === join(base, 'data'));
  if (!known || (await ownerOf(pointer.area)) === undefined) {
    throw new Error(
      `embedded PostgreSQL: the data was kept in ${pointer.area}, which is gone; ` +
        `bring it back, or remove ${join(dataDir, POINTER)} to begin anew`,
    );
  }
  if (!(await isOurs(pointer.area))) {
    throw new Error(`embedded PostgreSQL: ${pointer.area} belongs to another user`);
  }
  const owner = await ownerOf(join(pointer.area, 'cluster'));
  return { area: pointer.area, account: owner === undefined ? undefined : await accountOf(owner) };
}

async function makeShelteredArea(
  dataDir: string,
  account: ServerAccount,
  log: (line: string) => void,
): Promise<Place> {
  const shelter = await openShelter('data', account);
  // The path tells a person whose data it is; the random part keeps a later checkout there from meeting it.
  const label = dataDir.replaceAll(/[^\w]+/g, '-').slice(-60).replace(/^-/, '');
  const area = join(shelter, `${label}-${randomBytes(8).toString('hex')}`);
  await mkdir(area, { mode: 0o700 });
  const pointer = join(dataDir, POINTER);
  // Only a pointer copied along is still here.
  await rm(pointer, { force: true });
  if (!createOnce(pointer, JSON.stringify({ home: dataDir, area }))) {
    await rm(area, { recursive: true });
    return findPlace(dataDir, log);
  }
  await admit(area, account);
  log(`keeping the data in ${area}, because ${dataDir} is closed to the user ${account.name}`);
  return { area, account };
}

async function placeForRoot(dataDir: string, log: (line: string) => void): Promise<Place> {
  const pointer = await readPointer(dataDir);
  const followed = pointer && (await followPointer(dataDir, pointer));
  if (followed !== undefined) {
    const account = followed.account ?? (await serverAccount(log));
    await admit(followed.area, account);
    return { area: followed.area, account };
  }
  const areaOwner = await ownerOf(dataDir);
  const dataOwner = (await ownerOf(join(dataDir, 'cluster'))) ?? areaOwner;
  // Data of an ordinary user's engine stays that user's, so that both may start it in turn.
  const account = dataOwner ? await accountOf(dataOwner) : await serverAccount(log);
  if (areaOwner === 0) await admit(dataDir, account);
  if (await canEnter(dataDir, account)) return { area: dataDir, account };
  if ((await ownerOf(join(dataDir, 'cluster'))) !== undefined) {
    throw new Error(
      `embedded PostgreSQL: the user ${account.name} owns the data in ${dataDir} but can no longer enter it`,
    );
  }
  return makeShelteredArea(dataDir, account, log);
}

/** Refuses a folder that somebody else may have prepared for us. */
async function requireTrusted(dataDir: string): Promise<void> {
  const found = await stat(dataDir);
  const parentOwner = await ownerOf(dirname(dataDir));
  const ours = found.uid === process.geteuid?.() || (runsAsRoot() && found.uid === parentOwner);
  if (!ours) throw new Error(`embedded PostgreSQL: ${dataDir} belongs to another user`);
  if ((found.mode & 0o002) !== 0) {
    throw new Error(`embedded PostgreSQL: ${dataDir} is writable by every user of this machine`);
  }
}

/** Settles where the data of this folder lives: inside it, or, where the server cannot enter, outside. */
export async function findPlace(folder: string, log: (line: string) => void): Promise<Place> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(folder);
  await requireTrusted(dataDir);
  if (runsAsRoot()) return placeForRoot(dataDir, log);
  await chmod(dataDir, 0o700);
  return { area: dataDir, account: undefined };
}

/** Deletes the data of this folder, wherever it lives, after claiming it through the caller. */
export async function removeData(
  folder: string,
  claim: (area: string) => Promise<void>,
): Promise<void> {
  const dataDir = await realpath(folder).catch(() => undefined);
  if (dataDir === undefined) return;
  const pointer = await readPointer(dataDir);
  const outside = pointer && (await followPointer(dataDir, pointer));
  const area = outside?.area ?? dataDir;
  await claim(area);
  await rm(area, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
}
