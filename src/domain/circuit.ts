/**
 * Stops charging while the gateway is down or refuses us, tries one call now and then, and comes back
 * slowly. Shared by all replicas as one row. Instants on the engine's clock.
 */
export interface Circuit {
  state: 'closed' | 'open' | 'ramping';
  /** Failures in a row, over all replicas. */
  failures: number;
  /** How often it opened in a row without a success: each time it stays open longer. */
  openings: number;
  reason: string | null;
  /** When one call may try again (open), or when the ramp began (ramping). */
  since: Date;
}

/** What a call told about the gateway's health, whatever it said about the charge. */
export type Health = 'well' | 'down' | 'unauthorized';

/** Failures in a row that open the circuit; a refusal of our credentials opens it at once. */
const TOLERATED_FAILURES = 10;
/** Seconds that it stays open: doubled with each opening in a row. */
const OPEN_SECONDS = 10;
const LONGEST_OPEN_SECONDS = 300;
/** Seconds of each step of the ramp, and the share of the budget that each allows. */
const RAMP_STEP_SECONDS = 10;
const RAMP = [0.1, 0.25, 0.5];

const CLOSED: Omit<Circuit, 'since'> = { state: 'closed', failures: 0, openings: 0, reason: null };

export function onHealth(circuit: Circuit, health: Health, now: Date): Circuit {
  switch (health) {
    case 'well':
      return onWell(circuit, now);
    case 'unauthorized':
      return open(circuit, 'unauthorized', now);
    case 'down': {
      const failures = circuit.failures + 1;
      const tolerated = circuit.state === 'closed' && failures < TOLERATED_FAILURES;
      return tolerated ? { ...circuit, failures } : open(circuit, 'down', now);
    }
  }
}

function onWell(circuit: Circuit, now: Date): Circuit {
  switch (circuit.state) {
    case 'closed':
      return circuit.failures === 0 ? circuit : { ...circuit, failures: 0 };
    case 'open':
      return { ...circuit, state: 'ramping', failures: 0, since: now };
    case 'ramping':
      return share(circuit, now) < 1 ? circuit : { ...CLOSED, since: now };
  }
}

function open(circuit: Circuit, reason: string, now: Date): Circuit {
  // Calls that were under way when it opened must not push the next try further and further away.
  if (circuit.state === 'open' && now < circuit.since) return circuit;
  const openings = circuit.openings + 1;
  const seconds = Math.min(LONGEST_OPEN_SECONDS, OPEN_SECONDS * 2 ** (openings - 1));
  return { state: 'open', failures: 0, openings, reason, since: new Date(now.getTime() + seconds * 1000) };
}

/** The share of the rate budget that may be used: 0 while open. */
export function share(circuit: Circuit, now: Date): number {
  switch (circuit.state) {
    case 'closed':
      return 1;
    case 'open':
      return 0;
    case 'ramping': {
      const step = Math.floor((now.getTime() - circuit.since.getTime()) / (RAMP_STEP_SECONDS * 1000));
      return RAMP[step] ?? 1;
    }
  }
}

/** Whether an open circuit may let one call through now, to see. */
export function mayProbe(circuit: Circuit, now: Date): boolean {
  return circuit.state === 'open' && now >= circuit.since;
}

/** The circuit with its next try put off: the one who probes holds it while he waits for the answer. */
export function probing(circuit: Circuit, now: Date): Circuit {
  return { ...circuit, since: new Date(now.getTime() + OPEN_SECONDS * 1000) };
}
