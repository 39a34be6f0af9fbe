import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnProgram } from './processes.js';

const AGAIN_MS = 300;
/** Characters of its last words that are kept. */
const MOST_SAID = 2_000;

/** One engine process as it is shipped, with somebody who starts it again whenever it ends. */
export class Engine {
  /** Times that it ended although nobody killed it, once it had been ready. */
  readonly surprises: string[] = [];
  private child: ChildProcess | null = null;
  private ready = false;
  private paused = false;
  private over = false;
  private readonly watching: Promise<void>;

  constructor(
    readonly port: number,
    private readonly env: Record<string, string>,
  ) {
    this.watching = this.watch();
  }

  get isServing(): boolean {
    return this.ready && !this.paused;
  }

  kill(): void {
    this.child?.kill('SIGKILL');
  }

  /** Stops it where it stands for so many ms: a frozen machine, a swapped-out process. */
  async pause(ms: number): Promise<void> {
    const { child } = this;
    this.paused = true;
    child?.kill('SIGSTOP');
    await sleep(ms);
    child?.kill('SIGCONT');
    this.paused = false;
  }

  async stop(): Promise<void> {
    this.over = true;
    this.kill();
    await this.watching;
  }

  /** Starts it, and again whenever it has ended, as a supervisor would. */
  private async watch(): Promise<void> {
    while (!this.over) {
      const child = spawnProgram('../src/main.js', { env: { ...this.env, PORT: String(this.port) }, preload: true, errors: 'pipe' });
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-MOST_SAID)));
      this.child = child;
      child.once('message', () => (this.ready = true));
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      // Without a database it cannot start, and says so by ending.
      if (signal === null && this.ready) this.surprises.push(`an engine ended by itself with code ${code}: ${said}`);
      this.ready = false;
      if (!this.over) await sleep(AGAIN_MS);
    }
  }
}
