import { type DynamicModule, Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Wake } from './batching/wake.js';
import { DatabaseClock, EngineClock } from './clock/clock.js';
import { Config } from './config/config.js';
import { BlindIndex } from './crypto/blind.index.js';
import { Sealing } from './crypto/sealing.js';
import { InstallationSecret } from './crypto/secret.js';
import { Database } from './database/database.js';
import { Outbound } from './http/outbound.js';

/** What the platform is made from, ready before Nest starts. */
export interface PlatformParts {
  config: Config;
  dataSource: DataSource;
  secret: InstallationSecret;
  /** In place of the database's clock: for tests that live through days. */
  clock?: EngineClock;
  /** In place of the network: for tests that decide what becomes of every call. */
  outbound?: Outbound;
}

/** Tools that every floor may use. */
@Global()
@Module({})
export class PlatformModule implements OnApplicationShutdown {
  constructor(private readonly dataSource: DataSource) {}

  static with({ config, dataSource, secret, clock, outbound }: PlatformParts): DynamicModule {
    return {
      module: PlatformModule,
      providers: [
        { provide: Config, useValue: config },
        { provide: DataSource, useValue: dataSource },
        { provide: InstallationSecret, useValue: secret },
        { provide: EngineClock, useValue: clock ?? new DatabaseClock() },
        { provide: Outbound, useValue: outbound ?? new Outbound(null) },
        BlindIndex,
        Database,
        Sealing,
        Wake,
      ],
      exports: [BlindIndex, Config, DataSource, InstallationSecret, EngineClock, Outbound, Database, Sealing, Wake],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
