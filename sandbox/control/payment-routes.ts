import type { SandboxGateway } from '../gateway.js';
import type { Behaviour, Payment, Source } from '../payments/model.js';
import { isOpen } from '../payments/transitions.js';
import { actionsView, detailsView } from '../payments/views.js';
import { ControlRefusal, wholeNumber, type ControlRoute } from './router.js';

const DECLINED = '20051';
const REVOKED = '200R1';

/** Payments and wallets: what the customer and the provider do. */
export function paymentRoutes(gateway: SandboxGateway): ControlRoute[] {
  const { context, settlement } = gateway;
  const { store } = context;
  const view = (payment: Payment): object => ({ ...detailsView(context, payment), kind: payment.kind, sid: payment.sid, true_state: payment.state, actions: actionsView(context, payment) });
  const find = (id: string): Payment => {
    const payment = store.findPayment(id);
    if (payment === undefined) throw new ControlRefusal(404, 'no such payment');
    return payment;
  };
  const decides = (verb: string, description: string, act: (payment: Payment, code: string) => void): ControlRoute => ({
    method: 'POST', pattern: `/payments/{id}/${verb}`, description,
    run: ({ params, body }) => {
      const payment = find(params['id']!);
      if (!isOpen(payment.state.status)) throw new ControlRefusal(409, `the payment is ${payment.state.status}`);
      act(payment, text(body, 'response_code', DECLINED));
      return view(payment);
    },
  });
  return [
    {
      method: 'GET', pattern: '/payments', description: 'payments in order of request; ?status=&reference=&cursor=&limit=',
      run: ({ query }) => listPayments([...store.payments.rows.values()], query, view),
    },
    { method: 'GET', pattern: '/payments/{id}', description: 'one payment as it truly is, lag or not', run: ({ params }) => view(find(params['id']!)) },
    decides('approve', 'the customer pays, or the provider at last decides', (payment) => settlement.approve(payment)),
    decides('decline', '{response_code?} declined', (payment, code) => settlement.decline(payment, code)),
    decides('cancel', 'the customer cancels at the provider', (payment) => settlement.cancel(payment)),
    decides('expire', 'nobody answered', (payment) => settlement.expire(payment)),
    ...walletRoutes(gateway),
  ];
}

function listPayments(payments: Payment[], query: URLSearchParams, view: (payment: Payment) => object): object {
  const status = query.get('status');
  const reference = query.get('reference');
  const cursor = wholeNumber(query, 'cursor', 0);
  const limit = wholeNumber(query, 'limit', 100, 1000);
  const found = payments.filter((payment) => (status === null || payment.state.status === status) && (reference === null || payment.terms.reference === reference));
  const end = cursor + limit;
  return { total_count: found.length, data: found.slice(cursor, end).map(view), next_cursor: end < found.length ? end : null };
}

/** What happens to agreements, by source or by the customer's e-mail. */
function walletRoutes(gateway: SandboxGateway): ControlRoute[] {
  const { store } = gateway.context;
  const source = (id: string): Source => {
    const found = store.sources.get(id);
    if (found === undefined) throw new ControlRefusal(404, 'no such source');
    return found;
  };
  const sourcesOf = (email: string): Source[] => {
    const customer = store.customerByEmail(email);
    return [...store.sources.rows.values()].filter(({ customer_id: owner }) => owner === customer?.id);
  };
  const revoke = (sources: Source[], body: Record<string, unknown>): object => {
    const mode = text(body, 'mode', 'decline');
    if (mode !== 'decline' && mode !== 'unknown') throw new ControlRefusal(422, 'mode: must be decline or unknown');
    const revocation: NonNullable<Source['revocation']> = { mode, response_code: text(body, 'response_code', REVOKED) };
    for (const one of sources) {
      one.status = 'revoked';
      one.revocation = revocation;
      store.sources.touch(one.id);
    }
    return { revoked: sources.map(({ id }) => id) };
  };
  const behave = (id: string, body: Record<string, unknown>): object => {
    const behaviour = readBehaviour(body);
    store.behaviours.put(id, behaviour);
    return behaviour;
  };
  return [
    { method: 'GET', pattern: '/sources', description: 'all wallet agreements', run: () => ({ data: [...store.sources.rows.values()] }) },
    { method: 'POST', pattern: '/sources/{src}/revoke', description: '{mode?: decline|unknown, response_code?} the customer cancels the agreement; nobody is told', run: ({ params, body }) => revoke([source(params['src']!)], body) },
    { method: 'POST', pattern: '/sources/{src}/behaviour', description: '{outcome: capture|decline|pending, response_code?, times?} how its next charges end', run: ({ params, body }) => behave(`source:${source(params['src']!).id}`, body) },
    { method: 'POST', pattern: '/wallets/{email}/revoke', description: 'the same for every agreement the customer has now', run: ({ params, body }) => revoke(sourcesOf(params['email']!), body) },
    { method: 'POST', pattern: '/wallets/{email}/behaviour', description: 'the same for all charges of the customer, redirects included', run: ({ params, body }) => behave(`wallet:${params['email']!}`, body) },
  ];
}

function readBehaviour(body: Record<string, unknown>): Behaviour {
  const { outcome, response_code: code, times } = body;
  if (outcome !== 'capture' && outcome !== 'decline' && outcome !== 'pending') throw new ControlRefusal(422, 'outcome: must be capture, decline or pending');
  if (code !== undefined && typeof code !== 'string') throw new ControlRefusal(422, 'response_code: must be text');
  if (times !== undefined && !(Number.isSafeInteger(times) && (times as number) > 0)) throw new ControlRefusal(422, 'times: must be a whole number above 0');
  return { outcome, response_code: code, times: times as number | undefined };
}

function text(body: Record<string, unknown>, name: string, initial: string): string {
  const value = body[name] ?? initial;
  if (typeof value !== 'string') throw new ControlRefusal(422, `${name}: must be text`);
  return value;
}
