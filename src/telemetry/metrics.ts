import { Injectable, Logger } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { Config } from '../platform/config/config.js';
import { processMeters } from '../platform/telemetry/meters.js';
import { type Measure, MEASURES } from './measures.js';
import { type Measurement, Measuring } from './measuring.js';
import { processGauges } from './process.gauges.js';

/** The figures in Prometheus's format: what was measured last for all, what this process has seen, and the process itself. */
@Injectable()
export class Metrics {
  private readonly log = new Logger(Metrics.name);
  private readonly registry = new Registry();
  private readonly gauges = new Map<string, Gauge>();
  private readonly up: Gauge;
  private watched = false;

  constructor(
    private readonly measuring: Measuring,
    dataSource: DataSource,
    config: Config,
  ) {
    this.up = this.gauge('zhouqi_database_up', '1 while the database answers', []);
    for (const { name, help, labels = [] } of MEASURES) this.gauges.set(name, this.gauge(name, help, labels.map((label) => label.name)));
    processGauges([this.registry], dataSource, config);
  }

  async render(): Promise<string> {
    this.watchProcess();
    const measured = await this.measuring.measured().catch((error: unknown) => {
      this.log.error({ err: error }, 'the figures could not be read');
      return null;
    });
    this.up.set(measured ? 1 : 0);
    for (const gauge of this.gauges.values()) gauge.reset();
    // Figures that nobody knows are not shown as if they were 0.
    if (measured) this.show(new Map(measured.map((one) => [`${one.name} ${one.label}`, one.value])));
    return Registry.merge([this.registry, processMeters]).metrics();
  }

  private show(measured: ReadonlyMap<string, Measurement['value']>): void {
    for (const measure of MEASURES) {
      for (const values of combinations(measure)) {
        const figure = measured.get(`${measure.name} ${values.join(' ')}`) ?? (measure.name.endsWith('timestamp_seconds') ? null : 0);
        if (figure !== null) this.gauges.get(measure.name)?.labels(...values).set(figure);
      }
    }
  }

  /** Begun with the first scrape: nobody pays for it where nobody looks. */
  private watchProcess(): void {
    if (this.watched) return;
    this.watched = true;
    collectDefaultMetrics({ register: this.registry });
  }

  private gauge(name: string, help: string, labelNames: string[]): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }
}

/** All ways to choose one value of each label. */
function combinations({ labels = [] }: Measure): string[][] {
  return labels.reduce<string[][]>((chosen, { values }) => chosen.flatMap((before) => values.map((value) => [...before, value])), [[]]);
}
