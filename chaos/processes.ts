import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ready, Start, Weigh, Weighed } from './crew.js';
import type { Reply, Request } from './gateways.js';
import type { Arm, Died } from './preload.js';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** What any process needs of its surroundings; the engine's own settings must not leak in from there. */
const SURROUNDINGS = ['PATH', 'HOME', 'USER', 'LANG', 'TZ', 'TMPDIR', 'XDG_CACHE_HOME'];

export function surroundings(): NodeJS.ProcessEnv {
  return Object.fromEntries(SURROUNDINGS.map((name) => [name, process.env[name]]));
}

/** Forks a program of ours; with the preloaded module it lives on the moved clock and can be told to die. */
export function spawnProgram(path: string, options: { env?: NodeJS.ProcessEnv; preload?: boolean; errors?: 'pipe' } = {}): ChildProcess {
  return fork(at(path), {
    execArgv: options.preload === true ? ['--import', at('./preload.js')] : [],
    env: { ...surroundings(), ...options.env },
    cwd: '/',
    stdio: ['ignore', 'ignore', options.errors ?? 'inherit', 'ipc'],
  });
}

/** A process full of engines, and what becomes of them. */
export class Crew {
  private readonly exited: Promise<unknown>;

  private constructor(
    private readonly child: ChildProcess,
    readonly ports: Record<string, number>,
  ) {
    this.exited = once(child, 'exit');
    child.setMaxListeners(0);
  }

  static async start(engines: Start['engines']): Promise<Crew> {
    const child = spawnProgram('./crew.js', { preload: true });
    child.send({ type: 'start', engines } satisfies Start);
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`the engines did not start (exit code ${code})`);
    });
    failed.catch(() => undefined);
    const [ready] = (await Promise.race([once(child, 'message'), failed])) as [Ready];
    return new Crew(child, ready.ports);
  }

  /** Resolves when the engine has died at its point; never, when it has fewer points than that. */
  arm(order: Omit<Arm, 'type'>): Promise<Died> {
    return new Promise((resolve) => {
      const hear = (message: Died): void => {
        if (message.type !== 'died' || message.database !== order.database) return;
        this.child.off('message', hear);
        resolve(message);
      };
      this.child.on('message', hear);
      this.child.send({ type: 'arm', ...order } satisfies Arm);
    });
  }

  /** Bytes of memory that the engines have in use. */
  weigh(): Promise<number> {
    return new Promise((resolve) => {
      const hear = (message: Weighed): void => {
        if (message.type !== 'weighed') return;
        this.child.off('message', hear);
        resolve(message.bytes);
      };
      this.child.on('message', hear);
      this.child.send({ type: 'weigh' } satisfies Weigh);
    });
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

/** The process that holds the sandboxes. */
export class Gateways {
  private readonly waiting = new Map<string, (reply: Reply) => void>();

  private constructor(private readonly child: ChildProcess) {
    child.setMaxListeners(0);
    child.on('message', (reply: Reply) => {
      this.waiting.get(reply.id)?.(reply);
      this.waiting.delete(reply.id);
    });
  }

  static start(): Gateways {
    return new Gateways(spawnProgram('./gateways.js'));
  }

  ask(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (!this.child.connected) return reject(new Error('the sandboxes have ended'));
      this.waiting.set(request.id, resolve);
      this.child.send(request);
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}
