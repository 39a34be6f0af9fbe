import type { Transitions } from './machine.js';

const START = '[*]';

/**
 * A transition table as a Mermaid state diagram. Events that lead from one state to the same other one
 * share an arrow; those that change nothing are left out; a state without a way out leads to the end.
 */
export function stateDiagram<State extends string, Event extends string>(
  table: Transitions<State, Event>,
  initial: readonly State[],
): string {
  const states = Object.keys(table) as State[];
  const arrows = initial.map((state) => `${START} --> ${state}`);
  for (const state of states) {
    const events = new Map<State, Event[]>();
    for (const [event, target] of Object.entries(table[state]) as [Event, State][]) {
      if (target !== state) events.set(target, [...(events.get(target) ?? []), event]);
    }
    for (const [target, names] of events) arrows.push(`${state} --> ${target}: ${names.join(', ')}`);
    if (events.size === 0) arrows.push(`${state} --> ${START}`);
  }
  return ['stateDiagram-v2', ...arrows.map((arrow) => `    ${arrow}`)].join('\n');
}
