import type { Clock } from '../runtime/ports.js';
import type { Table } from '../runtime/journal.js';
import type { Random } from '../runtime/random.js';
import { FAULTS, type FaultType, type ParamsOf } from './catalogue.js';
import { MATCHED_OPERATIONS, type FaultKind, type FaultMatch, type FaultParams, type FaultStage, type FaultSubject, type Operation } from './fault.js';

/** A fault that is switched on. */
export interface ArmedFault {
  id: string;
  type: FaultType;
  match: FaultMatch;
  /** 0..1 */
  probability: number;
  /** Strikes left; absent is without end. */
  times?: number;
  /** Epoch ms after which it no longer strikes. */
  until?: number;
  params: FaultParams;
  fired: number;
}

/** A draw in [0, 1): a fault strikes where it lies below the fault's probability. */
export type Chance = (type: FaultType, subject: FaultSubject) => number;

/** A request to switch on a fault that cannot be granted; the message says why. */
export class FaultRefused extends Error {}

const MATCH_FIELDS = ['operation', 'payment_id', 'reference', 'reference_prefix', 'source', 'customer_email', 'kind', 'event_type'];

/** The switched-on faults, and how often each kind has struck. */
export class FaultRegistry {
  private readonly armed: Table<ArmedFault>;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly chance: Chance;
  private readonly counts = new Map<FaultType, number>();

  constructor(armed: Table<ArmedFault>, clock: Clock, random: Random, chance: Chance = () => random.fraction()) {
    this.armed = armed;
    this.clock = clock;
    this.random = random;
    this.chance = chance;
  }

  /** Switches a fault on from its JSON form; throws `FaultRefused`. */
  arm(wanted: unknown): ArmedFault {
    const fault = readArmedFault(wanted, this.random.id('flt'), this.clock.now());
    this.armed.put(fault.id, fault);
    return fault;
  }

  list(): ArmedFault[] {
    return [...this.armed.rows.values()];
  }

  disarm(id: string): boolean {
    const known = this.armed.get(id) !== undefined;
    this.armed.remove(id);
    return known;
  }

  disarmAll(): void {
    this.armed.clear();
  }

  /** How often each kind has struck, since the start of the process. */
  firedByType(): Record<string, number> {
    return Object.fromEntries(this.counts);
  }

  /** Asks whether a fault of this type strikes now; a strike is counted. */
  fire<T extends FaultType>(type: T, subject: FaultSubject): ParamsOf<T> | undefined {
    if (this.armed.rows.size === 0) return undefined;
    for (const fault of this.armed.rows.values()) {
      if (fault.type === type && this.strikes(fault, subject)) return fault.params;
    }
    return undefined;
  }

  /** All faults of a stage that strike now, in the order they were switched on. */
  fireStage(stage: FaultStage, subject: FaultSubject, limit = Infinity): ArmedFault[] {
    const struck: ArmedFault[] = [];
    if (this.armed.rows.size === 0) return struck;
    for (const fault of this.armed.rows.values()) {
      if (struck.length >= limit) break;
      if (FAULTS[fault.type].stage === stage && this.strikes(fault, subject)) struck.push(fault);
    }
    return struck;
  }

  /** Seconds by which all told times are off. */
  skewMs(): number {
    return 1000 * (this.fire('clock_skew', {})?.seconds ?? 0);
  }

  private strikes(fault: ArmedFault, subject: FaultSubject): boolean {
    if (fault.times === 0 || (fault.until !== undefined && this.clock.now() > fault.until)) return false;
    if (!matches(fault, subject)) return false;
    if (fault.probability < 1 && this.chance(fault.type, subject) >= fault.probability) return false;
    fault.fired += 1;
    if (fault.times !== undefined) fault.times -= 1;
    this.counts.set(fault.type, (this.counts.get(fault.type) ?? 0) + 1);
    this.armed.touch(fault.id);
    return true;
  }
}

function matches(fault: ArmedFault, subject: FaultSubject): boolean {
  const { operation, reference_prefix: prefix, ...exact } = fault.match;
  const kind: FaultKind = FAULTS[fault.type];
  const operations: readonly Operation[] = operation === undefined ? kind.operations : [operation];
  if (operations.length > 0 && !(subject.operation !== undefined && operations.includes(subject.operation))) return false;
  if (prefix !== undefined && !subject.reference?.startsWith(prefix)) return false;
  for (const field in exact) {
    if (exact[field as keyof typeof exact] !== subject[field as keyof FaultSubject]) return false;
  }
  return true;
}

function readArmedFault(wanted: unknown, id: string, now: number): ArmedFault {
  const { type, match = {}, probability = 1, times, params = {}, for_seconds: seconds, ...rest } = asObject(wanted, 'fault');
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new FaultRefused(`${unknown}: no such field`);
  if (typeof type !== 'string' || !Object.hasOwn(FAULTS, type)) throw new FaultRefused(`type: no fault is called ${JSON.stringify(type)}`);
  if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) throw new FaultRefused('probability: must be within 0 and 1');
  if (times !== undefined && !(Number.isSafeInteger(times) && (times as number) > 0)) throw new FaultRefused('times: must be a whole number above 0');
  if (seconds !== undefined && !(typeof seconds === 'number' && seconds > 0)) throw new FaultRefused('for_seconds: must be above 0');
  const kind: FaultKind = FAULTS[type as FaultType];
  return {
    id,
    type: type as FaultType,
    match: readMatch(match, kind),
    probability,
    ...(times === undefined ? {} : { times: times as number }),
    ...(seconds === undefined ? {} : { until: now + seconds * 1000 }),
    params: { ...kind.params, ...readParams(params, kind) },
    fired: 0,
  };
}

function readMatch(match: unknown, kind: FaultKind): FaultMatch {
  for (const [field, value] of Object.entries(asObject(match, 'match'))) {
    if (!MATCH_FIELDS.includes(field) || typeof value !== 'string') throw new FaultRefused(`match.${field}: not a field to match by`);
  }
  const { operation, event_type: event, kind: paymentKind } = match as Record<string, string>;
  if (operation !== undefined && !(MATCHED_OPERATIONS as readonly string[]).includes(operation)) throw new FaultRefused(`match.operation: must be one of ${MATCHED_OPERATIONS.join(', ')}`);
  // A narrower match than the fault can meet would never strike, and its owner would believe in a calm gateway.
  if (operation !== undefined && !kind.operations.includes(operation as Operation)) throw new FaultRefused(`match.operation: this fault strikes ${kind.operations.join(', ') || 'whatever the operation'}`);
  if (event !== undefined && kind.stage !== 'webhook') throw new FaultRefused('match.event_type: only for webhook faults');
  if (paymentKind !== undefined && paymentKind !== 'redirect' && paymentKind !== 'stored') throw new FaultRefused('match.kind: must be redirect or stored');
  return match as FaultMatch;
}

function readParams(params: unknown, kind: FaultKind): FaultParams {
  for (const [name, value] of Object.entries(asObject(params, 'params'))) {
    const initial = kind.params[name];
    if (initial === undefined) throw new FaultRefused(`params.${name}: this fault takes ${Object.keys(kind.params).join(', ') || 'none'}`);
    if (typeof value !== typeof initial || Array.isArray(value) !== Array.isArray(initial)) throw new FaultRefused(`params.${name}: wrong type`);
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new FaultRefused(`params.${name}: must be a whole number`);
  }
  return params as FaultParams;
}

function asObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FaultRefused(`${name}: must be an object`);
  return value as Record<string, unknown>;
}
