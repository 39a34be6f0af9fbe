import type { TestProject } from 'vitest/node';
import { runMigrations } from '../../src/platform/database/migrate.js';
import { openTestServer } from './postgres.js';

/** Vitest's global set-up: one server and one migrated template for the whole run. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const { close, ...testServer } = await openTestServer(runMigrations);
  project.provide('testServer', testServer);
  return close;
}
