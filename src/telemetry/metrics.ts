import { Injectable, Logger } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { MEASURES } from './measures.js';
import { type Measurement, Measuring } from './measuring.js';

/** The figures in Prometheus's format: what was measured last, and the process itself. */
@Injectable()
export class Metrics {
  private readonly log = new Logger(Metrics.name);
  private readonly registry = new Registry();
  private readonly gauges = new Map<string, Gauge>();
  private readonly up: Gauge;
  private watched = false;

  constructor(private readonly measuring: Measuring) {
    this.up = this.gauge('zhouqi_database_up', '1 while the database answers', []);
    for (const { name, help, label } of MEASURES) this.gauges.set(name, this.gauge(name, help, label ? [label.name] : []));
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
    if (measured) this.show(measured);
    return this.registry.metrics();
  }

  private show(measured: readonly Measurement[]): void {
    for (const { name, label } of MEASURES) {
      const figures = new Map(measured.filter((one) => one.name === name).map((one) => [one.label, one.value]));
      for (const value of label?.values ?? ['']) {
        const figure = figures.get(value) ?? (name.endsWith('timestamp_seconds') ? null : 0);
        if (figure !== null) this.gauges.get(name)?.set(label ? { [label.name]: value } : {}, figure);
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
