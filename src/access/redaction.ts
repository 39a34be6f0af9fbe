/** Fields that may hold a secret, a link that is a key to something, or whatever a caller chose to put there. */
const EVERYWHERE = new Set(['secret', 'secret_hash', 'checkout', 'redirect_url', 'gateway_source_id', 'metadata', 'recipient']);
/** What is personal about a customer. */
const OF_CUSTOMERS = new Set(['email', 'name', 'phone', 'external_id']);
/** Wallets, by the gateway's names or by our rows. */
const WALLET = /^p?src_/;
const REDACTED = '[redacted]';

/** What the audit log may keep of a thing: that a field was changed stays visible, what it held does not. */
export function redacted(thing: object | null, resource: string | null): object | null {
  if (thing === null) return null;
  const isCustomer = resource?.startsWith('cust_') ?? false;
  const clean = (value: unknown, name: string): unknown => {
    if (value === null || value === undefined) return value;
    if (EVERYWHERE.has(name) || (isCustomer && OF_CUSTOMERS.has(name))) return REDACTED;
    if (typeof value === 'string') return WALLET.test(value) ? REDACTED : value;
    if (typeof value !== 'object' || value instanceof Date) return value;
    if (Array.isArray(value)) return value.map((one) => clean(one, ''));
    return cleanFields(value);
  };
  const cleanFields = (fields: object): object =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, clean(value, name)]));
  return cleanFields(thing);
}
