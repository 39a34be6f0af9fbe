import { Injectable } from '@nestjs/common';
import { ClockRunner } from '../clocks/clock.runner.js';
import { Inbox } from '../inbox/inbox.js';
import { PaymentWork } from '../payments/payment.work.js';
import type { WakeTarget } from '../platform/batching/wake.js';
import { Config } from '../platform/config/config.js';
import { Living } from '../subscriptions/living.js';
import { Upkeep } from './upkeep.js';

/** Work that comes round: `run` does one set of it and says how much there was; 0 means all is done for now. */
export interface Timer {
  name: WakeTarget;
  cron: string;
  run: () => Promise<number>;
  /** It only looks at what is there, so that nobody waits for it. */
  looksOnly?: true;
  /** Resolves when nothing that `run` has started is under way any more, where it starts things. */
  idle?: () => Promise<void>;
}

const EVERY_SECOND = '* * * * * *';
const EVERY_MINUTE = '0 * * * * *';

/** The one table of timers: cron, the command line, tests and test clocks all read this. */
@Injectable()
export class Timers {
  readonly all: readonly Timer[];

  constructor(config: Config, payments: PaymentWork, living: Living, inbox: Inbox, clocks: ClockRunner, upkeep: Upkeep) {
    this.all = [
      { name: 'live', cron: config.BILLING_CRON, run: () => living.run() },
      { name: 'clear', cron: EVERY_SECOND, run: () => payments.clearance.run() },
      { name: 'send', cron: EVERY_SECOND, run: () => payments.sender.run(), idle: () => payments.sender.idle() },
      { name: 'gateway_events', cron: EVERY_SECOND, run: () => inbox.run(), idle: () => inbox.idle() },
      { name: 'refund', cron: EVERY_SECOND, run: async () => (await payments.refundSender.run()) + (await payments.refundLookUp.run()) },
      { name: 'look_up', cron: EVERY_SECOND, run: () => payments.lookUp.run() },
      { name: 'verify', cron: EVERY_SECOND, run: () => payments.verification.run() },
      { name: 'orphans', cron: EVERY_MINUTE, run: () => upkeep.orphans.run() },
      { name: 'messages', cron: EVERY_SECOND, run: () => upkeep.telling.messages.run() },
      { name: 'test_clocks', cron: EVERY_SECOND, run: () => clocks.run() },
      { name: 'webhooks', cron: EVERY_SECOND, run: () => upkeep.telling.deliverer.run(), idle: () => upkeep.telling.deliverer.idle() },
      { name: 'webhook_upkeep', cron: EVERY_MINUTE, run: () => upkeep.telling.webhooks.run() },
      { name: 'idempotency', cron: EVERY_MINUTE, run: () => upkeep.idempotency.prune() },
      { name: 'heartbeat', cron: '*/10 * * * * *', run: () => upkeep.continuity.beat() },
      { name: 'quarantine', cron: '*/5 * * * * *', run: () => upkeep.continuity.releaseWhenReconciled() },
      { name: 'measure', cron: '*/15 * * * * *', run: () => upkeep.measuring.run(), looksOnly: true },
    ];
  }
}
