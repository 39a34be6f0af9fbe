export const PARKED_KINDS = ['subscription', 'charge', 'refund', 'gateway_event', 'orphan', 'difference', 'decline'] as const;

/**
 * What stands still until a human has seen to it. `orphan`: a payment at the gateway that carries our
 * reference and is unknown here. `difference`: a charge about which the gateway and we disagree. `decline`: one that
 * failed for our own fault, or for a reason that nobody knows; releasing it says that it was seen to.
 */
export type ParkedKind = (typeof PARKED_KINDS)[number];

export interface ParkedRow {
  id: string;
  kind: ParkedKind;
  /** Id of what is parked: of the subscription, charge, refund, gateway event, or (`orphan`) the gateway's payment. */
  row_id: string;
  error: string;
  /** Engine clock. */
  parked_at: Date;
  released_at: Date | null;
}

export function parkedRowView(row: ParkedRow) {
  return {
    id: row.id,
    object: 'parked_row' as const,
    kind: row.kind,
    row: row.row_id,
    error: row.error,
    parked_at: row.parked_at,
    released_at: row.released_at,
    metadata: {},
    created_at: row.parked_at,
    updated_at: row.released_at ?? row.parked_at,
  };
}
