import type { AddressInfo } from 'node:net';
import { loadConfig } from '../src/platform/config/config.js';
import { startEngine } from '../src/startup/engine.js';
import { memoryInUse } from './memory.js';

/**
 * Several engines in one process, each on its own database and gateway: starting a process is most of what
 * a crash costs. They share nothing but the process, and die with it.
 */
export interface Start {
  type: 'start';
  engines: { database: string; env: Record<string, string> }[];
}

export interface Ready {
  type: 'ready';
  /** Port of each engine, by its database. */
  ports: Record<string, number>;
}

/** Asks for the memory in use; answered with the same, and how much it is. */
export interface Weigh {
  type: 'weigh';
}

export interface Weighed {
  type: 'weighed';
  bytes: number;
}

async function start({ engines }: Start): Promise<void> {
  const ports: Record<string, number> = {};
  for (const { database, env } of engines) {
    const { app } = await startEngine(loadConfig(env));
    ports[database] = (app.getHttpServer().address() as AddressInfo).port;
  }
  process.send?.({ type: 'ready', ports } satisfies Ready);
}

process.on('disconnect', () => process.exit(0));
process.on('message', (message: Start | Weigh) => {
  if (message?.type === 'weigh') process.send?.({ type: 'weighed', bytes: memoryInUse() } satisfies Weighed);
  if (message?.type !== 'start') return;
  start(message).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
