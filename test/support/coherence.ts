import { afterEach, expect } from 'vitest';

/** Asks an engine's database for rows that contradict each other. */
type Question = () => Promise<object[]>;

const open = new Set<Question>();

/** Has this asked after every test until the returned function is called. */
export function watchCoherence(question: Question): () => void {
  open.add(question);
  return () => void open.delete(question);
}

// Loaded before every test file, so that a contradiction names the very test that made it.
afterEach(async () => {
  for (const question of open) expect(await question(), 'the tables agree with each other').toEqual([]);
});
