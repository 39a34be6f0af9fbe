import { Injectable } from '@nestjs/common';
import { ClockRunner } from '../clocks/clock.runner.js';
import { Inbox } from '../inbox/inbox.js';
import { LookUp } from '../payments/look.up.js';
import { Sender } from '../payments/sender.js';
import type { WakeTarget } from '../platform/batching/wake.js';
import { Config } from '../platform/config/config.js';
import { Living } from '../subscriptions/living.js';

/** Work that comes round: `run` does one set of it and says how much there was; 0 means all is done for now. */
export interface Timer {
  name: WakeTarget;
  cron: string;
  run: () => Promise<number>;
}

const EVERY_SECOND = '* * * * * *';

/** The one table of timers: cron, the command line, tests and test clocks all read this. */
@Injectable()
export class Timers {
  readonly all: readonly Timer[];

  constructor(config: Config, living: Living, sender: Sender, lookUp: LookUp, inbox: Inbox, clocks: ClockRunner) {
    this.all = [
      { name: 'live', cron: config.BILLING_CRON, run: () => living.run() },
      { name: 'send', cron: EVERY_SECOND, run: () => sender.run() },
      { name: 'gateway_events', cron: EVERY_SECOND, run: () => inbox.run() },
      { name: 'look_up', cron: EVERY_SECOND, run: () => lookUp.run() },
      { name: 'test_clocks', cron: EVERY_SECOND, run: () => clocks.run() },
    ];
  }
}
