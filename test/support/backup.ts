import type { Database } from '../../src/platform/database/database.js';

/** Copies all tables as they stand; the answer puts them back, and whatever was written since is forgotten. */
export async function backUp(database: Database): Promise<() => Promise<void>> {
  const tables = await database.query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
  );
  await database.query('create schema backup');
  for (const { name } of tables) await database.query(`create table backup.${name} as table public.${name}`);
  return () =>
    database.transaction(async (tx) => {
      // Neither guards nor references have a say in what comes back.
      await tx.query('set local session_replication_role = replica');
      for (const { name } of tables) {
        await tx.query(`delete from public.${name}`);
        await tx.query(`insert into public.${name} table backup.${name}`);
      }
    });
}
