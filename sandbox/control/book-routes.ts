import type { SandboxGateway } from '../gateway.js';
import { wholeNumber, type ControlRoute } from './router.js';

/** The gateway's own books: what money truly moved. */
export function bookRoutes(gateway: SandboxGateway): ControlRoute[] {
  const { book } = gateway;
  const iso = (instant: number): string => new Date(instant).toISOString();
  return [
    { method: 'GET', pattern: '/book', description: 'totals per currency: captured, refunded, returned, net, counts', run: () => ({ currencies: book.totals() }) },
    {
      method: 'GET', pattern: '/book/entries', description: 'every capture with its refunds, oldest first; ?cursor=&limit=',
      run: ({ query }) => {
        const { data, next_cursor: next } = book.entries(wholeNumber(query, 'cursor', 0), Math.max(1, wholeNumber(query, 'limit', 1000, 10_000)));
        return {
          data: data.map(({ requested_at: requestedAt, captured_at: capturedAt, refunds, ...entry }) => ({
            ...entry,
            requested_on: iso(requestedAt),
            captured_at: iso(capturedAt),
            refunds: refunds.map(({ at, ...refund }) => ({ ...refund, at: iso(at) })),
          })),
          next_cursor: next,
        };
      },
    },
  ];
}
