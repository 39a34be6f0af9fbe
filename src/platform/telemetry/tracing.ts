import { type Attributes, context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { scrubbed } from '../log/log.line.js';

/** What a span may say of itself: kinds, results, and ids of our own rows. What stands not here is not told. */
const FACTS = [
  'http.request.method', 'http.route', 'http.response.status_code', 'request_id', 'timer', 'rows', 'operation', 'outcome', 'payment',
  'delivery', 'endpoint', 'event', 'error.type',
] as const;

export type Facts = Partial<Record<(typeof FACTS)[number], string | number | null>>;

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };

/** Null while nobody asked for traces: then a step costs one comparison. */
let tracer: Tracer | null = null;

export function traceWith(given: Tracer | null): void {
  tracer = given;
}

/** One step of what the engine does, as a trace shows it. */
export class Step {
  constructor(private readonly span: Span) {}

  /** Steps that begin in `work`, or in what it starts, come under this one. */
  within<T>(work: () => T): T {
    return context.with(trace.setSpan(context.active(), this.span), work);
  }

  /** Tells what it did, and ends it. A step that is never ended is never shown. */
  end(facts: Facts, name?: string): void {
    if (name !== undefined) this.span.updateName(name);
    this.span.setAttributes(tellable(facts));
    if (facts['error.type'] !== undefined) this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.end();
  }
}

/** Begins a step under the one that is under way; `root`: under none. Null where nobody asked for traces. */
export function beginStep(name: string, kind: keyof typeof KINDS, root = false): Step | null {
  if (tracer === null) return null;
  return new Step(tracer.startSpan(name, { kind: KINDS[kind] }, root ? ROOT_CONTEXT : context.active()));
}

function tellable(facts: Facts): Attributes {
  const told: Attributes = {};
  for (const name of FACTS) {
    const value = facts[name];
    if (typeof value === 'number') told[name] = value;
    if (typeof value === 'string') told[name] = scrubbed(value);
  }
  return told;
}
