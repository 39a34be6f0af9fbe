/**
 * A state machine as data: for each state, the events it accepts and where they lead.
 * An event that leads back to the same state is "no news": legal, and changes nothing.
 */
export type Transitions<State extends string, Event extends string> = {
  readonly [S in State]: { readonly [E in Event]?: State };
};

/** Thrown when code asks for a step that the table does not hold: a bug, never bad input. */
export class IllegalTransition extends Error {
  constructor(
    readonly machine: string,
    readonly state: string,
    readonly event: string,
  ) {
    super(`${machine}: "${event}" is not legal in state "${state}"`);
  }
}

/** The state after `event`; throws {@link IllegalTransition} when the table has no such step. */
export function transition<State extends string, Event extends string>(
  machine: string,
  table: Transitions<State, Event>,
  state: State,
  event: Event,
): State {
  const next = table[state]?.[event];
  if (next === undefined) throw new IllegalTransition(machine, state, event);
  return next;
}

/** Whether the table holds the step at all. */
export function accepts<State extends string, Event extends string>(
  table: Transitions<State, Event>,
  state: State,
  event: Event,
): boolean {
  return table[state]?.[event] !== undefined;
}
