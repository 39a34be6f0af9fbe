export type EventType =
  | 'payment_pending'
  | 'payment_capture_pending'
  | 'payment_captured'
  | 'payment_declined'
  | 'payment_expired'
  | 'payment_canceled'
  | 'payment_retry_scheduled'
  | 'payment_refund_pending'
  | 'payment_refunded'
  | 'payment_refund_declined'
  | 'payment_returned';

/** A thing that happened, in the form in which it is told. */
export interface WebhookEvent {
  id: string;
  type: string;
  payment_id: string;
  action_id?: string;
  /** Epoch ms. */
  created_at: number;
  /** The JSON text, told the same at every delivery. */
  body: string;
  delivery_ids: string[];
}

/** `lost` and `abandoned` ones may still be sent again by hand. */
export type DeliveryState = 'scheduled' | 'sending' | 'delivered' | 'abandoned' | 'lost' | 'held';

/** One series of attempts to deliver an event. */
export interface Delivery {
  id: string;
  event_id: string;
  payment_id: string;
  state: DeliveryState;
  /** Epoch ms of the next attempt. */
  due_at: number;
  attempts: { at: number; status?: number; error?: string }[];
  /** What a fault changed about this series, kept through its retries. */
  twist?: DeliveryTwist;
}

export interface DeliveryTwist {
  body?: string;
  signature?: 'none' | 'broken';
  /** Signs with this key instead. */
  key?: string;
  authorization?: string;
  /** Sends once more this many seconds after the first attempt, whatever the answer. */
  repeat_seconds?: number;
}
