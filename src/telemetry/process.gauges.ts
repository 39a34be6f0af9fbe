import { Gauge, type Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import type { Config } from '../platform/config/config.js';

/** What the driver's pool knows of itself. */
interface Pool {
  totalCount: number;
  idleCount: number;
  waitingCount: number;
}

/** What stands still in a process, or is read from it at the moment of a scrape. */
export function processGauges(registers: Registry[], dataSource: DataSource, config: Config): Gauge[] {
  const pool = (): Pool => (dataSource.driver as unknown as { master: Pool }).master;
  const connections = new Gauge({
    name: 'zhouqi_database_pool_connections',
    help: 'Connections of this process to the database',
    labelNames: ['state'],
    registers,
    collect() {
      const { totalCount, idleCount } = pool();
      this.set({ state: 'in_use' }, totalCount - idleCount);
      this.set({ state: 'idle' }, idleCount);
    },
  });
  const waiting = new Gauge({
    name: 'zhouqi_database_pool_waiting',
    help: 'Work of this process that waits for a connection',
    registers,
    collect() {
      this.set(pool().waitingCount);
    },
  });
  const size = new Gauge({ name: 'zhouqi_database_pool_size', help: 'The most connections this process may have', registers });
  size.set(config.DATABASE_POOL);
  const limit = new Gauge({
    name: 'zhouqi_rate_budget_limit',
    help: 'Calls to the gateway per second, for all processes together',
    labelNames: ['budget'],
    registers,
  });
  limit.set({ budget: 'writes' }, config.CKO_WRITES_PER_SECOND);
  limit.set({ budget: 'reads' }, config.CKO_READS_PER_SECOND);
  return [connections, waiting, size, limit];
}
