import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { Wake } from '../platform/batching/wake.js';
import { Config } from '../platform/config/config.js';
import { timerFailures } from '../platform/telemetry/meters.js';
import { beginStep } from '../platform/telemetry/tracing.js';
import { type Timer, Timers } from './timers.js';

/**
 * Runs the timers. Cron and wakes only say "look now": what is due stands in the rows, so a tick that is
 * late, lost or doubled, or another replica's, changes nothing.
 */
@Injectable()
export class Scheduler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(Scheduler.name);
  private readonly runners: Runner[];
  private stopping = false;

  constructor(
    private readonly config: Config,
    private readonly timers: Timers,
    private readonly registry: SchedulerRegistry,
    private readonly wake: Wake,
  ) {
    this.runners = this.timers.all.map((timer) => new Runner(timer, this.log));
    for (const { name } of this.timers.all) timerFailures.inc({ timer: name }, 0);
  }

  onApplicationBootstrap(): void {
    if (this.config.ROLE === 'api') return;
    for (const runner of this.runners) {
      const look = () => {
        if (!this.stopping) runner.look();
      };
      const job = CronJob.from({ cronTime: runner.timer.cron, onTick: look, timeZone: 'UTC' });
      this.registry.addCronJob(runner.timer.name, job);
      this.wake.on(runner.timer.name, look);
      job.start();
    }
  }

  /** Nothing new is claimed any more; what was sent is waited for. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    for (const name of this.registry.getCronJobs().keys()) this.registry.deleteCronJob(name);
    await Promise.all(this.runners.map((runner) => runner.idle()));
    for (const timer of this.timers.all) await timer.idle?.();
  }

  /** Works until nothing is due any more: for commands and tests, instead of cron. Returns how much there was. */
  async drain(): Promise<number> {
    for (let total = 0; ; ) {
      let worked = 0;
      for (const { timer } of this.runners) if (!timer.looksOnly) worked += await runSet(timer);
      for (const { timer } of this.runners) await timer.idle?.();
      if (worked === 0) return total;
      total += worked;
    }
  }
}

/** One timer: never overlaps itself, and looks again when it was woken while at work. */
class Runner {
  private working = Promise.resolve();
  private busy = false;
  private again = false;

  constructor(
    readonly timer: Timer,
    private readonly log: Logger,
  ) {}

  look(): void {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    this.working = this.work();
  }

  async idle(): Promise<void> {
    await this.working;
  }

  private async work(): Promise<void> {
    try {
      do {
        this.again = false;
        while ((await runSet(this.timer)) > 0);
      } while (this.again);
    } catch (error) {
      // The database is away, say. The rows stay due, the next tick finds them.
      timerFailures.inc({ timer: this.timer.name });
      this.log.error({ timer: this.timer.name, err: error }, 'timer failed');
    } finally {
      // In the same turn as the last look at `again`: a wake that comes later starts anew.
      this.busy = false;
    }
  }
}

/** One set of a timer's work, as a trace of its own; an idle look is not worth one. */
async function runSet({ name, run }: Timer): Promise<number> {
  // Whoever woke it is not what it works for.
  const step = beginStep(`timer ${name}`, 'internal', true);
  if (step === null) return run();
  try {
    const rows = await step.within(run);
    if (rows > 0) step.end({ timer: name, rows });
    return rows;
  } catch (error) {
    step.end({ timer: name, 'error.type': error instanceof Error ? error.name : 'error' });
    throw error;
  }
}
