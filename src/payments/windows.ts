import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { GatewayWindows } from '../domain/lookup.js';
import { Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';

/** S and W as they are configured; the database is told, so that its guards judge by the same. */
@Injectable()
export class Windows implements OnApplicationBootstrap {
  readonly configured: GatewayWindows;

  constructor(
    config: Config,
    private readonly database: Database,
  ) {
    this.configured = { settleSeconds: config.CKO_SETTLE_SECONDS, idempotencyHours: config.CKO_IDEMPOTENCY_HOURS };
  }

  async onApplicationBootstrap(): Promise<void> {
    const { settleSeconds, idempotencyHours } = this.configured;
    await this.database.transaction((tx) =>
      tx.query('update gateway_windows set settle_seconds = $1, idempotency_hours = $2', [settleSeconds, idempotencyHours]),
    );
  }
}
