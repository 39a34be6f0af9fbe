import type { Health } from '../domain/circuit.js';
import type { Answer } from '../gateway/gateway.port.js';

/** What an answer tells about the gateway's health, whatever it said about the charge or refund. */
export function healthIn(answer: Answer<object>): Health {
  if (answer.answer !== 'not_taken') return 'well';
  switch (answer.reason) {
    case 'unauthorized':
    case 'forbidden':
      return 'unauthorized';
    case 'not_connected':
    case 'rate_limited':
    case 'unavailable':
      return 'down';
    case 'too_late':
      return 'well';
  }
}
