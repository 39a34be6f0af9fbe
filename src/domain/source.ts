import { type Transitions, transition } from './machine.js';

const SOURCE_STATUSES = ['pending', 'active', 'revoked', 'superseded'] as const;
export type SourceStatus = (typeof SOURCE_STATUSES)[number];
export type SourceEvent = 'capture' | 'revoke' | 'supersede';

/** A wallet mandate is pending until its set-up payment is captured. */
export const sourceTransitions: Transitions<SourceStatus, SourceEvent> = {
  pending: { capture: 'active', revoke: 'revoked', supersede: 'superseded' },
  active: { capture: 'active', revoke: 'revoked', supersede: 'superseded' },
  // A payment made by the customer himself proves that the mandate lives, whatever was said before.
  revoked: { capture: 'active', revoke: 'revoked', supersede: 'revoked' },
  superseded: { capture: 'active', revoke: 'superseded', supersede: 'superseded' },
};

export function nextSourceStatus(status: SourceStatus, event: SourceEvent): SourceStatus {
  return transition('source', sourceTransitions, status, event);
}

/** A stored wallet. `gateway_source_id` is the `src_…` that a charge names: treat it as a credential. */
export interface Source {
  id: string;
  gateway_source_id: string;
  customer: string;
  subscription: string;
  charge: string;
  status: SourceStatus;
  ended_reason: string | null;
  ended_at: Date | null;
  created_at: Date;
  updated_at: Date;
}
