import type { Context } from '../context.js';
import type { Payment } from '../payments/model.js';
import type { Settlement } from '../payments/settlement.js';
import { isOpen } from '../payments/transitions.js';
import type { GatewayRequest, HttpReply } from '../runtime/ports.js';
import { PAGE_HEADERS } from './html.js';
import { decidedPage, openPage, unknownPage } from './page-view.js';

/** What the wallet says when the customer picks "decline" [A]. */
const DECLINED_ON_PAGE = '20005';

/** The wallet's own pages, on which a customer answers a redirect. */
export class PayPages {
  private readonly context: Context;
  private readonly settlement: Settlement;

  constructor(context: Context, settlement: Settlement) {
    this.context = context;
    this.settlement = settlement;
  }

  answer(request: GatewayRequest, sid: string): HttpReply {
    const payment = sid.startsWith('sid_') ? this.context.store.findPayment(sid) : undefined;
    if (payment === undefined) return { status: 404, headers: PAGE_HEADERS, body: unknownPage() };
    if (request.method === 'GET') return this.show(payment);
    const choice = new URLSearchParams(String(request.body ?? '')).get('choice');
    if (choice === 'leave' && this.awaits(payment)) return { status: 200, headers: PAGE_HEADERS, body: openPage(payment, 'left') };
    if (this.awaits(payment)) this.choose(payment, choice);
    const back = returnUrl(payment);
    return back === undefined ? this.show(payment) : { status: 302, headers: { ...PAGE_HEADERS, Location: back }, body: '' };
  }

  private show(payment: Payment): HttpReply {
    return { status: 200, headers: PAGE_HEADERS, body: this.awaits(payment) ? openPage(payment) : decidedPage(payment, returnUrl(payment)) };
  }

  private awaits(payment: Payment): boolean {
    return isOpen(payment.state.status) && payment.answered !== true;
  }

  private choose(payment: Payment, choice: string | null): void {
    if (choice === 'approve') this.settlement.approve(payment);
    else if (choice === 'decline') this.settlement.decline(payment, DECLINED_ON_PAGE);
    else if (choice === 'cancel') this.settlement.cancel(payment);
  }
}

/** Where the browser goes next: the merchant's page with the session's id, once the customer has answered. */
function returnUrl(payment: Payment): string | undefined {
  const failed = ['Declined', 'Canceled', 'Expired'].includes(payment.state.status);
  if (!failed && payment.answered !== true) return undefined;
  const target = failed ? payment.terms.failure_url : payment.terms.success_url;
  return target === undefined ? undefined : withSession(target, payment.sid!);
}

/** Adds `cko-session-id` and leaves the rest of the merchant's URL as it was written. */
export function withSession(url: string, sid: string): string {
  const hash = url.indexOf('#');
  const base = hash < 0 ? url : url.slice(0, hash);
  const joint = base.includes('?') ? (/[?&]$/.test(base) ? '' : '&') : '?';
  return `${asHeader(base)}${joint}cko-session-id=${sid}${hash < 0 ? '' : asHeader(url.slice(hash))}`;
}

/** Encodes only what may not stand in a header: an encoding that is already there stays. */
function asHeader(url: string): string {
  return url.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
}
