/** How long (real ms) a statement may take before the server is asked whether it waits for the lock of another. */
const PATIENCE_MS = 30;

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

/** A statement that waits for its turn, on one connection, which carries them one after the other. */
interface Statement {
  connection: Connection;
  run: () => Promise<void>;
}

/** A connection by the server's id of it. */
export interface Connection {
  readonly processID: number;
}

/** Who waits for a lock on the server, and who holds it. */
export interface Locks {
  waiting: number;
  heldBy: readonly number[];
}

/**
 * Lets statements through to PostgreSQL one at a time, in the order they were asked for, and hands each result on
 * only when everything else has come to rest: the sockets' own timing then decides nothing.
 */
export class QueryGate {
  private readonly waiting: Statement[] = [];
  private working = 0;
  private running = false;
  private listeners: (() => void)[] = [];
  /** Connections that wait for the lock of another one; what else is asked on them waits as well. */
  private readonly stuck = new Set<Connection>();
  private heldBy: readonly number[] = [];
  statements = 0;
  /** Statements that had to be overtaken, because another one held their lock. */
  overtaken = 0;

  /** `lingering`: how many waits were cut short and have not ended. */
  constructor(
    private readonly locks: () => Promise<Locks>,
    private readonly lingering: () => number,
  ) {}

  get idle(): boolean {
    return !this.running && this.working === 0;
  }

  /** Resolves when no statement is under way or waiting. */
  async quiet(): Promise<void> {
    while (!this.idle) await new Promise<void>((resolve) => this.listeners.push(resolve));
  }

  pass<T>(connection: Connection, ask: () => Promise<T>): Promise<T> {
    this.statements += 1;
    return new Promise((resolve, reject) => {
      const run = async (): Promise<void> => {
        const answer = await ask().then(
          (value) => () => resolve(value),
          (error: unknown) => () => reject(error),
        );
        // Whatever waits for a turn of the loop goes first, each time.
        for (let calm = 0; calm < 3; calm = this.lingering() === 0 ? calm + 1 : 0) await turn();
        answer();
      };
      this.waiting.push({ connection, run });
      this.workOn();
    });
  }

  private workOn(): void {
    if (!this.running && this.next() >= 0) void this.work();
  }

  /** Which of those who wait can go: first whoever holds a lock, lest several wait for it, as the server lets them race. */
  private next(): number {
    const holder = this.waiting.findIndex(({ connection }) => this.isFree(connection) && this.heldBy.includes(connection.processID));
    return holder >= 0 ? holder : this.waiting.findIndex(({ connection }) => this.isFree(connection));
  }

  private isFree(connection: Connection): boolean {
    return !this.stuck.has(connection);
  }

  private async work(): Promise<void> {
    this.running = true;
    for (let at = this.next(); at >= 0; at = this.next()) await this.letThrough(this.waiting.splice(at, 1)[0] as Statement);
    this.running = false;
    this.tell();
  }

  private tell(): void {
    if (this.idle) for (const listener of this.listeners.splice(0)) listener();
  }

  /** Lets a statement through to its end, or, where only another one can end it, until it stands still. */
  private async letThrough({ connection, run }: Statement): Promise<void> {
    let over = false;
    this.working += 1;
    const done = run().finally(() => {
      over = true;
      this.working -= 1;
      if (this.stuck.delete(connection)) this.workOn();
      this.tell();
    });
    for (;;) {
      await within(PATIENCE_MS, done);
      if (over) break;
      if (!this.waiting.some((other) => other.connection !== connection)) continue;
      // A slow machine must not pass for a lock, or it and not the seed would decide who goes first. For the same
      // reason the holders are noted only when this one waits for them: how often is asked depends on the machine.
      const { waiting, heldBy } = await this.locks();
      if (over || waiting <= this.stuck.size) continue;
      this.overtaken += 1;
      this.stuck.add(connection);
      this.heldBy = heldBy;
      return;
    }
    // Whom it has set free has its answer before the next one is asked.
    while (this.stuck.size > 0 && (await this.locksLeft()) < this.stuck.size) await turn();
    if (this.stuck.size === 0) this.heldBy = [];
  }

  private async locksLeft(): Promise<number> {
    const { waiting, heldBy } = await this.locks();
    this.heldBy = heldBy;
    return waiting;
  }
}

async function within(ms: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([done, new Promise((late) => (timer = setTimeout(late, ms)))]);
  clearTimeout(timer);
}

/** Resolves when nothing in this process is under way any more but what waits for virtual time. */
export async function atRest(gate: QueryGate, lingering: () => number): Promise<void> {
  for (let calm = 0; calm < 4; ) {
    // Not by turning round and round: the server needs the processor too.
    await gate.quiet();
    await turn();
    calm = gate.idle && lingering() === 0 ? calm + 1 : 0;
  }
}
