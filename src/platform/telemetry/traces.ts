import { ConfigError } from '../config/config.js';

type Env = Record<string, string | undefined>;

/**
 * Begins to send traces where OpenTelemetry's own variables name a collector; the rest of them, such as headers and
 * time-outs, is read by its packages. Returns what ends it.
 */
export async function startTracing(env: Env): Promise<() => Promise<void>> {
  if (!isAskedFor(env)) return async () => undefined;
  const share = shareOf(env);
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'http/json';
  if (protocol !== 'http/json') throw new ConfigError('OTEL_EXPORTER_OTLP_PROTOCOL: only http/json is spoken');
  const { exportTraces } = await import('./exporting.js');
  return exportTraces(share);
}

function isAskedFor(env: Env): boolean {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false;
  return (env['OTEL_TRACES_EXPORTER'] || 'otlp') === 'otlp';
}

/** Which share of all traces is kept, as the standard's samplers say it. */
function shareOf(env: Env): number {
  const sampler = (env['OTEL_TRACES_SAMPLER'] || 'always_on').replace(/^parentbased_/, '');
  const share = { always_on: 1, always_off: 0, traceidratio: Number(env['OTEL_TRACES_SAMPLER_ARG'] || 1) }[sampler];
  if (share === undefined) throw new ConfigError('OTEL_TRACES_SAMPLER: must be always_on, always_off or traceidratio');
  if (!(share >= 0 && share <= 1)) throw new ConfigError('OTEL_TRACES_SAMPLER_ARG: must be between 0 and 1');
  return share;
}
