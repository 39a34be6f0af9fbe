/**
 * Resolves after `ms` of real time. On the global timer, which `node:timers/promises` goes around: whoever takes over
 * the process's clock must see every wait.
 */
export function pause(ms: number): Promise<void> {
  return new Promise((over) => setTimeout(over, ms));
}
