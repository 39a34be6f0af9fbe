import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for one run, through which PostgreSQL's own account may pass. */
export async function scratchFolder(purpose: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `zhouqi-${purpose}-`));
  await chmod(folder, 0o711);
  return folder;
}
