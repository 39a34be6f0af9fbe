/** The ports of the gateway core: everything it needs from the world outside, so that a simulation may supply its own. */

/** Time as the gateway lives it; all instants are epoch milliseconds. */
export interface Clock {
  now(): number;
  /** Jumps forward to `instant`; an instant in the past is ignored. */
  moveTo(instant: number): void;
  /** True when time passes by itself, so that a timer may wait for the next due event. */
  readonly ticking: boolean;
  /** What `restore` needs to go on after a restart. */
  save(): number;
  restore(saved: number): void;
}

export type SendResult = { status: number } | { error: string };

/** Delivers one webhook; must settle within the receiver's 10 s limit and never reject. */
export interface WebhookSender {
  send(url: string, headers: Record<string, string>, body: string): Promise<SendResult>;
  close?(): Promise<void>;
}

/** One request as the core sees it: header names in lower case, `query` without the question mark. */
export interface GatewayRequest {
  method: string;
  path: string;
  query?: string;
  headers: Record<string, string | string[] | undefined>;
  body?: string | Buffer;
}

export interface HttpReply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What the transport acts out instead of a clean answer; `truncate` sends a part of `reply` and breaks off. */
export type NetworkFault = { fault: 'reset' } | { fault: 'hang' } | { fault: 'truncate'; reply: HttpReply };

export type Reply = HttpReply | NetworkFault;

/** A range of milliseconds, both ends included. */
export type DelayRange = readonly [number, number];
