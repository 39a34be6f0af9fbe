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

/** A stored wallet. The `src_…` by which the gateway knows it is a credential, so only its sealed text stands here. */
export interface Source {
  id: string;
  /** Sealed for this very row. */
  gateway_source_id: string;
  /** Finds it by the gateway's name. */
  gateway_source_index: string;
  customer: string;
  subscription: string;
  charge: string;
  status: SourceStatus;
  ended_reason: string | null;
  ended_at: Date | null;
  created_at: Date;
  updated_at: Date;
}
