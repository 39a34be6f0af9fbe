/** How long (real ms) a statement may wait for a lock before the next one is let through beside it. */
const BLOCKED_MS = 250;

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

/**
 * Lets statements through to PostgreSQL one at a time, in the order they were asked for, and hands each result on
 * only when everything else has come to rest: the sockets' own timing then decides nothing.
 */
export class QueryGate {
  private readonly waiting: (() => Promise<void>)[] = [];
  private working = 0;
  private running = false;
  private listeners: (() => void)[] = [];
  statements = 0;
  /** Statements that had to be overtaken, because another one held their lock. */
  blocked = 0;

  get idle(): boolean {
    return !this.running && this.working === 0;
  }

  /** Resolves when no statement is under way or waiting. */
  async quiet(): Promise<void> {
    while (!this.idle) await new Promise<void>((resolve) => this.listeners.push(resolve));
  }

  pass<T>(ask: () => Promise<T>): Promise<T> {
    this.statements += 1;
    return new Promise((resolve, reject) => {
      this.waiting.push(async () => {
        const answer = await ask().then(
          (value) => () => resolve(value),
          (error: unknown) => () => reject(error),
        );
        // Whatever waits for a turn of the loop goes first, each time.
        await turn();
        await turn();
        answer();
      });
      if (!this.running) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.running = true;
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) await this.letThrough(next);
    this.running = false;
    this.tell();
  }

  private tell(): void {
    if (this.idle) for (const listener of this.listeners.splice(0)) listener();
  }

  private async letThrough(statement: () => Promise<void>): Promise<void> {
    let over = false;
    this.working += 1;
    const done = statement().finally(() => {
      over = true;
      this.working -= 1;
      this.tell();
    });
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([done, new Promise((late) => (timer = setTimeout(late, BLOCKED_MS)))]);
      clearTimeout(timer);
      if (over) return;
      if (this.waiting.length === 0) continue;
      this.blocked += 1;
      return;
    }
  }
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
