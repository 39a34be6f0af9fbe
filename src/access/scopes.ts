import type { Scope } from './api.key.js';

/** What a key of this scope may do. */
const COVERS: Record<Scope, readonly Scope[]> = {
  admin: ['admin', 'write', 'read'],
  write: ['write', 'read'],
  read: ['read'],
};

interface Demand {
  read: Scope;
  write: Scope;
}

/** What is asked of a key, by where it knocks; the first that fits. */
const DEMANDS: readonly (Demand & { under: readonly string[] })[] = [
  // Who may come in, and what everybody did.
  { under: ['/v1/api_keys', '/v1/audit_log'], read: 'admin', write: 'admin' },
  // What stops the engine, lets it go on, or speaks in the merchant's name.
  { under: ['/v1/quarantine', '/v1/parked', '/v1/message_templates'], read: 'read', write: 'admin' },
  { under: ['/'], read: 'read', write: 'write' },
];

export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The scope that a call of this route (as it is declared, not as it was spelt) needs. */
export function neededScope(method: string, route: string): Scope {
  const demand = DEMANDS.find(({ under }) => under.some((place) => route.startsWith(place))) as Demand;
  return isRead(method) ? demand.read : demand.write;
}

export function covers(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.some((scope) => COVERS[scope].includes(needed));
}
