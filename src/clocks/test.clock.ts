/** A time of its own in which customers live: it stands still until it is advanced. */
export interface TestClock {
  id: string;
  now: Date;
  /** Where it is going; null when it stands still. */
  target: Date | null;
  status: 'ready' | 'advancing' | 'failed';
  reason: string | null;
  /** Parked rows that were known when it was set going: it goes on without them. */
  passed_over: string[];
  metadata: Record<string, string>;
  created_at: Date;
  updated_at: Date;
}

export function testClockView(clock: TestClock, waitingOn: readonly string[]) {
  return {
    id: clock.id,
    object: 'test_clock' as const,
    status: clock.status,
    now: clock.now,
    waiting_on: waitingOn,
    reason: clock.reason,
    metadata: clock.metadata,
    created_at: clock.created_at,
    updated_at: clock.updated_at,
  };
}
