import { AsyncLocalStorage } from 'node:async_hooks';
import type { Queryable } from './queryable.js';

/** What a transaction has done to one thing. */
export interface Change {
  /** Its id. */
  resource: string;
  /** What was otherwise, as far as it is told; null when the thing is new. */
  before: object | null;
  /** As it is now; null when it is gone. */
  after: object | null;
}

/** A transaction with what it has done, while it can still be undone. */
export interface Deed extends Queryable {
  /** The engine's clock when the transaction began. */
  readonly now: Date;
  readonly changes: readonly Change[];
}

/** Whoever the work is done for, when something of his must become true in the same commit. */
export interface Witness {
  /** Whether he still waits for a commit; afterwards transactions are none of his business. */
  readonly waits: boolean;
  /** Comes last in the transaction. What it writes is committed with the rest; when it throws, nothing is. */
  attest(deed: Deed): Promise<void>;
  /** The commit has been acknowledged. */
  attested(): void;
}

const witnesses = new AsyncLocalStorage<Witness>();

/** Runs `work` with a witness of the transactions in it, however deep they are called. */
export function witnessed<T>(witness: Witness, work: () => Promise<T>): Promise<T> {
  return witnesses.run(witness, work);
}

export function currentWitness(): Witness | undefined {
  const witness = witnesses.getStore();
  return witness?.waits ? witness : undefined;
}
