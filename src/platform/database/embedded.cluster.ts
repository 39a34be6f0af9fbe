import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServerAccount, run } from './embedded.account.js';
import type { Binaries } from './embedded.binaries.js';
import type { Place } from './embedded.place.js';

/** A data folder that is whole, and the superuser's password. */
export interface Cluster {
  path: string;
  password: string;
}

/** Drafts bear their own name, so that a start that was interrupted leaves nothing that looks finished. */
const DRAFT_PREFIX = 'cluster.new-';

async function give(path: string, account: ServerAccount | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function makePassword(path: string, account: ServerAccount | undefined): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  await give(path, account);
}

async function initialise(
  place: Place,
  binaries: Binaries,
  passwordFile: string,
  durable: boolean,
): Promise<void> {
  const draft = join(place.area, `${DRAFT_PREFIX}${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  await give(draft, place.account);
  const { code, output } = await run(
    binaries.initdb,
    [
      `--pgdata=${draft}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      ...(durable ? [] : ['--no-sync']),
    ],
    place.account,
  );
  if (code !== 0) {
    await rm(draft, { recursive: true, force: true });
    throw new Error(`embedded PostgreSQL: initdb failed: ${output.trim().split('\n').at(-1) ?? code}`);
  }
  await rename(draft, join(place.area, 'cluster'));
  if (durable) await syncFolder(place.area);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function removeDrafts(area: string): Promise<void> {
  for (const name of await readdir(area)) {
    if (name.startsWith(DRAFT_PREFIX)) await rm(join(area, name), { recursive: true, force: true });
  }
}

/** A folder that somebody copied as root belongs to root, and PostgreSQL serves only its owner. */
async function adopt(cluster: string, account: ServerAccount | undefined): Promise<void> {
  if (account === undefined || (await stat(cluster)).uid === account.uid) return;
  await run('chown', ['-R', `${account.uid}:${account.gid}`, cluster]);
  await chmod(cluster, 0o700);
}

async function requireVersion(cluster: string, binaries: Binaries): Promise<void> {
  const version = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  if (version === binaries.majorVersion) return;
  throw new Error(
    `embedded PostgreSQL: the data in ${cluster} was written by version ${version}, ` +
      `this is version ${binaries.majorVersion}; dump it with the old one and load it anew`,
  );
}

/** Opens the data folder of this area, making it first if it is missing or was left half made. */
export async function openCluster(place: Place, binaries: Binaries, durable: boolean): Promise<Cluster> {
  const path = join(place.area, 'cluster');
  const passwordFile = join(place.area, 'password');
  await removeDrafts(place.area);
  if ((await exists(path)) && !(await exists(join(path, 'PG_VERSION')))) {
    // Never deleted: what lost its version file may still hold somebody's data.
    await rename(path, `${path}.broken-${randomUUID()}`);
  }
  if (!(await exists(path))) {
    await makePassword(passwordFile, place.account);
    await initialise(place, binaries, passwordFile, durable);
  }
  await adopt(path, place.account);
  await requireVersion(path, binaries);
  const password = await readFile(passwordFile, 'utf8').catch(() => {
    throw new Error(`embedded PostgreSQL: the password file ${passwordFile} is missing or unreadable`);
  });
  return { path, password: password.trim() };
}
