import { expect } from 'vitest';
import { Refusal } from '../errors.js';

/** The refusal that this meets; people are told why in a whole sentence. */
export function refusal(act: () => unknown): Refusal {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(error.message, 'people are told why').toMatch(/^[A-Z].+\.$/);
    return error;
  }
  throw new Error('it was not refused');
}
