import { context, diag, DiagLogLevel } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { Logger } from '@nestjs/common';
import { traceWith } from './tracing.js';

/** Sends spans to a collector, until it is told to stop. Loaded only where somebody asked for it. */
export function exportTraces(share: number): () => Promise<void> {
  const log = new Logger('Tracing');
  const tell = (message: string): void => log.warn(message);
  const silent = (): void => undefined;
  // A collector that is away is worth a line, and holds up nothing.
  diag.setLogger({ error: tell, warn: tell, info: silent, debug: silent, verbose: silent }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const contexts = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(contexts);
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': 'zhouqi' })).merge(detectResources({ detectors: [envDetector] })),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  traceWith(provider.getTracer('zhouqi'));
  return async () => {
    traceWith(null);
    await provider.shutdown();
    context.disable();
    contexts.disable();
    diag.disable();
  };
}
