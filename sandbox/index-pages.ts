import { FAULTS } from './faults/catalogue.js';
import type { Context } from './context.js';
import type { HttpReply } from './runtime/ports.js';
import { html, page, PAGE_HEADERS, type Html } from './wallet/html.js';

const STYLE = 'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2329}table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #e5e8ee;padding:.35rem .5rem;text-align:left;vertical-align:top}code{background:#f2f5fa;padding:.1rem .3rem;border-radius:4px}';

const GATEWAY_ENDPOINTS: readonly (readonly [string, string])[] = [
  ['POST /payments', 'source alipay_cn (redirect) or id (stored); Cko-Idempotency-Key'],
  ['GET /payments?reference=&limit=&skip=', 'look-up by reference'],
  ['GET /payments/{pay_ or sid_}', 'details'],
  ['GET /payments/{id}/actions', 'actions, latest first'],
  ['POST /payments/{id}/refunds', 'full or partial refund'],
  ['POST /payments/{id}/voids, captures, authorizations', 'refused: AlipayCN captures by itself'],
  ['POST /connect/token', 'OAuth client credentials'],
  ['GET /workflows/events/subject/{pay_}, /workflows/events/{evt_}; POST …/reflow', 'events and their redelivery'],
  ['GET /pay/{sid_}', 'the page on which a customer pays'],
];

function index(title: string, text: Html, endpoints: readonly (readonly [string, string])[]): HttpReply {
  const rows = endpoints.map(([call, meaning]) => html`<tr><td><code>${call}</code></td><td>${meaning}</td></tr>`);
  const body = html`<h1>${title}</h1><p>${text}</p><table><tr><th>call</th><th>what it does</th></tr>${rows}</table>`;
  return { status: 200, headers: PAGE_HEADERS, body: page({ lang: 'en', title, style: STYLE, body }) };
}

/** `GET /` of the gateway. */
export function gatewayIndex(context: Context): HttpReply {
  const text = html`Speaks Checkout.com's API for recurring AlipayCN charges; no real money moves. Time here is ${new Date(context.clock.now()).toISOString()}.`;
  return index('AlipayCN sandbox gateway', text, GATEWAY_ENDPOINTS);
}

/** `GET /` of the control API. */
export function controlIndex(endpoints: readonly (readonly [string, string])[]): HttpReply {
  return index('Sandbox control', html`Switches and books of the sandbox gateway, in JSON; ${Object.keys(FAULTS).length} kinds of fault.`, endpoints);
}
