import type { Dispatcher } from 'undici';

/** The road that calls take out of the process: null is the network itself; a simulation puts its own there. */
export class Outbound {
  constructor(readonly dispatcher: Dispatcher | null) {}
}
