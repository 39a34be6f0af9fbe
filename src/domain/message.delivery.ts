import { type Hours, outsideHours } from './hours.js';
import type { InvoiceStatus } from './invoice.js';
import { type Transitions, transition } from './machine.js';

export const MESSAGE_STATUSES = ['pending', 'sent', 'kept', 'failed'] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** `put_off`: it will be tried again. `keep`: there is no mail server, or it came too late; it is shown, and sent by nobody. */
export type MessageEvent = 'put_off' | 'send' | 'keep' | 'fail';

export const messageTransitions: Transitions<MessageStatus, MessageEvent> = {
  pending: { put_off: 'pending', send: 'sent', keep: 'kept', fail: 'failed' },
  sent: {},
  kept: {},
  failed: {},
};

export function nextMessageStatus(status: MessageStatus, event: MessageEvent): MessageStatus {
  return transition('message', messageTransitions, status, event);
}

/** Waits (minutes, engine clock) after the first, second … temporary failure; when they are used up it has failed. */
const WAITS = [1, 5, 15, 60, 180, 360, 720, 720, 720, 720] as const;

/** When a message is tried again that could not be delivered for now, or null when it has been tried often enough. */
export function tryAgainAt(attempts: number, now: Date): Date | null {
  const minutes = WAITS[attempts - 1];
  return minutes === undefined ? null : new Date(now.getTime() + minutes * 60_000);
}

/** How long (ms, engine clock) the mail server is left alone after it was out of reach so many times in a row. */
export function restFor(failures: number): number {
  return Math.min(5 * 60_000, 5_000 * 2 ** Math.min(failures - 1, 10));
}

/** A message that is due, and what its policy says today. */
export interface DueMessage {
  data: { time_zone: string };
  /** Customer's clock. */
  created_at: Date;
  /** Engine clock. */
  recorded_at: Date;
  quiet_hours: Hours | null;
}

/** Whether a message asks for what is owed no more: it waited, and was overtaken. */
export function isOvertaken({ invoice, data }: { invoice: string | null; data: { payable?: true } }, now: InvoiceStatus | null): boolean {
  return data.payable === true && invoice !== null && now !== 'open';
}

/** When a message that is due may go out: at once, or when its reader's night is over. What he waits for by his clock is waited for by the engine's. */
export function mayGoOutAt({ data, created_at, recorded_at, quiet_hours }: DueMessage, now: Date): Date {
  const his = new Date(created_at.getTime() + now.getTime() - recorded_at.getTime());
  return new Date(now.getTime() + outsideHours(his, quiet_hours, data.time_zone).getTime() - his.getTime());
}

/** What went wrong, as the mail client tells it. */
export interface MailFault {
  code?: string;
  /** The server's reply, where there was one: its code, and all of it. */
  responseCode?: number;
  response?: string;
  /** What the server had been asked. */
  command?: string;
}

/** Questions about this one message; what goes wrong at any other would go wrong with the next message too. */
const OF_THE_MESSAGE = ['RCPT TO', 'DATA'];

/**
 * `refused`: this message will never be taken. `later`: not now. `out_of_reach`: the server is not there, or
 * wants nothing from us, so no other message need be tried.
 */
export type MailVerdict = 'refused' | 'later' | 'out_of_reach';

export function judge(fault: MailFault): MailVerdict {
  const { code, responseCode, command = '' } = fault;
  // The client itself found that the address cannot be written to.
  if (code === 'EENVELOPE' && responseCode === undefined) return 'refused';
  if (responseCode === undefined || responseCode === 421 || !OF_THE_MESSAGE.includes(command)) return 'out_of_reach';
  // A server that does not let us relay says nothing about the recipient.
  const aboutUs = command === 'RCPT TO' && enhancedCode(fault)?.startsWith('5.7.');
  return responseCode >= 500 && !aboutUs ? 'refused' : 'later';
}

function enhancedCode({ response = '' }: MailFault): string | undefined {
  return /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
}

/** The fault in figures; the server's own words may hold the address. */
export function faultCodes(fault: MailFault): string {
  const codes = [fault.responseCode, enhancedCode(fault)].filter((code) => code !== undefined);
  return codes.length > 0 ? codes.join(' ') : (fault.code ?? 'unknown');
}
