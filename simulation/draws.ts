import type { FaultType } from '../sandbox/faults/catalogue.js';
import type { FaultSubject } from '../sandbox/faults/fault.js';
import type { SandboxGateway } from '../sandbox/gateway.js';
import type { Chance } from './chance.js';
import { HOUR } from './hours.js';
import { countUp } from './luck.js';

/** A fault that may strike one reference only so often in a row, and from which age (ms) of its payment on. */
interface Run {
  most: number;
  from: number;
}

/**
 * How long look-ups may be wrongly empty. While its key is remembered a payment may be hidden from any number of them;
 * later, when only looks can find it, from two in a row.
 */
const RUNS: Partial<Record<FaultType, Run>> = { list_empty: { most: 2, from: 22 * HOUR } };

/** The draws of the gateway's faults: each is named by its payment and by how many draws that payment has seen. */
export class Draws {
  private readonly counts = new Map<string, number>();
  private readonly runs = new Map<string, number>();

  constructor(
    private readonly chance: Chance,
    private readonly nameOfReference: (reference: string) => string,
  ) {}

  draw(type: FaultType, { reference }: FaultSubject, gateway: SandboxGateway): number {
    const name = reference === undefined ? '' : this.nameOfReference(reference);
    const drawn = this.chance.draw('fault', type, name, countUp(this.counts, name));
    const run = RUNS[type];
    if (run === undefined || reference === undefined) return drawn;
    const { clock, store, faults } = gateway.context;
    const old = store.paymentsByReference(reference).some((payment) => payment.requested_at <= clock.now() - run.from);
    const strikes = faults.list().some((fault) => fault.type === type && drawn < fault.probability);
    if (old && strikes && countUp(this.runs, name) <= run.most) return drawn;
    this.runs.delete(name);
    return old ? 1 : drawn;
  }
}
