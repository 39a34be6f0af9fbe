import type { GatewayRequest } from './ports.js';

/** What the queue holds; plain data, so that it survives a restart. */
export type GatewayEvent =
  | { type: 'decide'; payment_id: string }
  | { type: 'capture'; payment_id: string }
  | { type: 'expire'; payment_id: string }
  | { type: 'capture_late'; payment_id: string }
  | { type: 'return'; payment_id: string }
  | { type: 'settle_refund'; payment_id: string; action_id: string }
  | { type: 'deliver'; delivery_id: string }
  | { type: 'arrive'; request: GatewayRequest; held_key?: string }
  /** Lets a reply that was held back go; the caller is gone after a restart, so it is never stored. */
  | { type: 'wake'; waiter: number };
