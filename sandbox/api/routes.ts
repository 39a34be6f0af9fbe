/** What a request asks for. */
export type RouteName = 'payment' | 'list' | 'details' | 'actions' | 'refund' | 'modify' | 'token' | 'events' | 'page' | 'index';

export interface Route {
  name: RouteName;
  /** Payment, session or event of the path; empty where there is none. */
  id: string;
  /** Reads and writes have separate rate limits. */
  writes: boolean;
}

/** Actions on a payment that an auto-captured wallet does not know [A: refused with 403]. */
const MODIFICATIONS = new Set(['voids', 'captures', 'authorizations', 'cancellations', 'reversals']);

/** The route of a request, or nothing for 404. */
export function matchRoute(method: string, path: string): Route | undefined {
  const [first = '', second = '', third = '', ...rest] = path.slice(1).split('/');
  const at = (name: RouteName, id = ''): Route => ({ name, id, writes: method === 'POST' });
  if (first === 'payments' && rest.length === 0) return paymentRoute(method, second, third, at);
  if (first === 'workflows' && second === 'events') return eventRoute(method, [third, ...rest], at);
  if (path === '/connect/token') return method === 'POST' ? at('token') : undefined;
  if (first === 'pay' && third === '' && rest.length === 0) return method === 'GET' || method === 'POST' ? at('page', second) : undefined;
  return path === '/' && method === 'GET' ? at('index') : undefined;
}

function paymentRoute(method: string, id: string, part: string, at: (name: RouteName, id?: string) => Route): Route | undefined {
  if (id === '') return method === 'POST' ? at('payment') : method === 'GET' ? at('list') : undefined;
  if (method === 'GET') return part === '' ? at('details', id) : part === 'actions' ? at('actions', id) : undefined;
  if (method !== 'POST') return undefined;
  return part === 'refunds' ? at('refund', id) : MODIFICATIONS.has(part) ? at('modify', id) : undefined;
}

function eventRoute(method: string, parts: string[], at: (name: RouteName, id?: string) => Route): Route | undefined {
  const reflow = parts.at(-1) === 'reflow';
  const subject = parts[0] === 'subject';
  const length = (subject ? 2 : 1) + (reflow ? 1 : 0);
  if (parts.length !== length || method !== (reflow ? 'POST' : 'GET')) return undefined;
  return at('events', parts[subject ? 1 : 0]);
}
