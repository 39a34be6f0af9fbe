import { Dispatcher } from 'undici';
import type { SandboxGateway } from '../sandbox/gateway.js';
import type { GatewayRequest, Reply } from '../sandbox/runtime/ports.js';

/** What the road itself does to a call, besides what the gateway may do. */
export interface RoadFault {
  /** No connection came about. */
  refused?: boolean;
  /** The first byte leaves only after this (ms): the engine slept, or the connection was long in coming. */
  lateMs?: number;
}

export interface Traveller {
  readonly name: string;
  readonly dead: boolean;
  /** While paused it neither sends nor hears anything. */
  readonly paused: boolean;
}

/** One call of an engine to the gateway, on its way. */
export interface Call {
  traveller: Traveller;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** The charge it is about, by a name that is the same in every run. */
  name: string;
  handler: Dispatcher.DispatchHandler;
}

interface Given {
  call: Call;
  reply: Reply;
}

export interface RoadRules {
  /** A stable name for what the call is about. */
  nameOf(call: Call): Promise<string>;
  faultOf(call: Call): RoadFault;
  later(ms: number, run: () => void): void;
}

/**
 * The roads between engines and gateway. Calls are gathered until nobody moves any more, then carried one by one in
 * the order of their names; so are the answers. Sockets decide nothing.
 */
export class GatewayRoad {
  private asked: Call[] = [];
  private given: Given[] = [];
  /** Calls that were carried and not answered yet. */
  under = new Set<Call>();
  calls = 0;
  /** References of payment requests that the gateway refused for good, in its own words. */
  readonly refused = new Set<string>();

  constructor(
    private readonly gateway: SandboxGateway,
    private readonly rules: RoadRules,
  ) {}

  /** An engine's own end of the road. */
  endOf(traveller: Traveller): Dispatcher {
    const take = (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void => {
      const { method, path, headers, body } = options;
      this.asked.push({ traveller, method, path, headers: headers as Record<string, string>, body: (body as string | null) ?? '', name: '', handler });
    };
    return new RoadEnd(take);
  }

  /** Whether something could be carried on right now. */
  get ready(): boolean {
    return this.asked.some(({ traveller }) => !traveller.paused) || this.given.some(({ call }) => !call.traveller.paused);
  }

  /** Carries what was asked, then hands out what was answered. Returns whether there was anything. */
  async carryOn(): Promise<boolean> {
    if (!this.ready) return false;
    await this.carry();
    this.handOut();
    return true;
  }

  /** Carries what was asked and keeps the answers back. */
  async sendOnly(): Promise<void> {
    await this.carry();
  }

  /** What a killed engine had asked and not sent yet is gone; what was sent is not. */
  forget(traveller: Traveller): { unsent: number; unheard: number } {
    const unsent = this.asked.filter((call) => call.traveller === traveller).length;
    const unheard = this.given.filter(({ call }) => call.traveller === traveller).length;
    this.asked = this.asked.filter((call) => call.traveller !== traveller);
    this.given = this.given.filter(({ call }) => call.traveller !== traveller);
    for (const call of this.under) if (call.traveller === traveller) this.under.delete(call);
    return { unsent, unheard };
  }

  private async carry(): Promise<void> {
    const moving = this.asked.filter(({ traveller }) => !traveller.paused);
    this.asked = this.asked.filter(({ traveller }) => traveller.paused);
    for (const call of moving) call.name = await this.rules.nameOf(call);
    for (const call of inOrder(moving, (c) => c)) {
      const fault = this.rules.faultOf(call);
      this.calls += 1;
      if (fault.refused === true) {
        call.handler.onResponseError?.(controller, new Error('connect ECONNREFUSED'));
      } else if (fault.lateMs !== undefined) {
        this.under.add(call);
        this.rules.later(fault.lateMs, () => this.send(call));
      } else {
        this.send(call);
      }
    }
    // Answers that need no time are there after a turn of the loop.
    await new Promise((next) => setImmediate(next));
  }

  private send(call: Call): void {
    if (call.traveller.dead) return;
    try {
      call.handler.onRequestStart?.(controller, {});
    } catch (error) {
      this.under.delete(call);
      call.handler.onResponseError?.(controller, error as Error);
      return;
    }
    this.under.add(call);
    const mark = call.path.indexOf('?');
    const { method, headers, body } = call;
    const path = mark < 0 ? call.path : call.path.slice(0, mark);
    void this.ask(call, { method, path, query: mark < 0 ? undefined : call.path.slice(mark + 1), headers, body });
  }

  private async ask(call: Call, request: GatewayRequest): Promise<void> {
    const reply = await this.gateway.handle(request);
    this.noteRefusal(call, reply);
    if (!call.traveller.dead) this.given.push({ call, reply });
  }

  private noteRefusal(call: Call, reply: Reply): void {
    if (call.method !== 'POST' || 'fault' in reply || ![400, 404, 422].includes(reply.status)) return;
    const codes = reply.body === '' ? [] : (JSON.parse(reply.body) as { error_codes: string[] }).error_codes;
    if (!codes.includes('apm_service_unavailable')) this.refused.add((JSON.parse(call.body) as { reference: string }).reference);
  }

  private handOut(): void {
    const heard = this.given.filter(({ call }) => !call.traveller.paused);
    this.given = this.given.filter(({ call }) => call.traveller.paused);
    for (const { call, reply } of inOrder(heard, (given) => given.call)) {
      this.under.delete(call);
      answer(call.handler, reply);
    }
  }
}

class RoadEnd extends Dispatcher {
  constructor(private readonly take: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => void) {
    super();
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.take(options, handler);
    return true;
  }

  override close(): any {
    return Promise.resolve();
  }
}

/** A call that gave up is simply not listened to any more. */
const controller: Dispatcher.DispatchController = {
  aborted: false,
  paused: false,
  reason: null,
  abort: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
};

function answer(handler: Dispatcher.DispatchHandler, reply: Reply): void {
  if (!('fault' in reply)) {
    handler.onResponseStart?.(controller, reply.status, lowerCased(reply.headers));
    if (reply.body !== '') handler.onResponseData?.(controller, Buffer.from(reply.body));
    handler.onResponseEnd?.(controller, {});
  } else if (reply.fault === 'reset') {
    handler.onResponseError?.(controller, new Error('read ECONNRESET'));
  } else if (reply.fault === 'truncate') {
    handler.onResponseStart?.(controller, reply.reply.status, lowerCased(reply.reply.headers));
    handler.onResponseData?.(controller, Buffer.from(reply.reply.body.slice(0, reply.reply.body.length >> 1)));
    handler.onResponseError?.(controller, new Error('other side closed'));
  }
  // A hang is answered by nobody: the call's own limit ends it.
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function inOrder<T>(items: readonly T[], callOf: (item: T) => Call): T[] {
  const key = (item: T): string => `${callOf(item).name} ${callOf(item).method} ${callOf(item).traveller.name}`;
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
