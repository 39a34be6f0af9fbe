export type PaymentStatus =
  | 'Pending'
  | 'Retry Scheduled'
  | 'Captured'
  | 'Partially Captured'
  | 'Declined'
  | 'Expired'
  | 'Canceled'
  | 'Partially Refunded'
  | 'Refunded';

export type PaymentChange =
  | 'capture'
  | 'capture_partially'
  | 'capture_late'
  | 'decline'
  | 'expire'
  | 'cancel'
  | 'schedule_retry'
  | 'refund_partially'
  | 'refund_fully';

type Transitions = Record<PaymentStatus, Partial<Record<PaymentChange, PaymentStatus>>>;

const OPEN = {
  capture: 'Captured',
  capture_partially: 'Partially Captured',
  decline: 'Declined',
  expire: 'Expired',
  cancel: 'Canceled',
} as const;
const PAID = { refund_partially: 'Partially Refunded', refund_fully: 'Refunded' } as const;
// The provider may still take money that it had reported as refused: only the late-capture fault asks for it.
const FAILED = { capture_late: 'Captured' } as const;

export const TRANSITIONS: Transitions = {
  Pending: { ...OPEN, schedule_retry: 'Retry Scheduled' },
  'Retry Scheduled': OPEN,
  Captured: PAID,
  'Partially Captured': PAID,
  'Partially Refunded': PAID,
  // An over-refund leaves a fully refunded payment where it is.
  Refunded: { refund_fully: 'Refunded' },
  Declined: FAILED,
  Expired: FAILED,
  Canceled: FAILED,
};

/** The status after `change`; throws when the table does not allow it. */
export function transition(from: PaymentStatus, change: PaymentChange): PaymentStatus {
  const to = TRANSITIONS[from][change];
  if (to === undefined) throw new Error(`a payment that is ${from} cannot ${change}`);
  return to;
}

/** Whether the payment still awaits its decision. */
export function isOpen(status: PaymentStatus): boolean {
  return TRANSITIONS[status].decline !== undefined;
}

/** Whether money of the payment can be sent back. */
export function isPaid(status: PaymentStatus): boolean {
  return TRANSITIONS[status].refund_partially !== undefined;
}
