import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Bytes that are still in use when everything has been swept away that nobody needs: what a leak makes grow. What
 * the process holds of the machine's memory also tells how long ago it was swept, and how busy it was then.
 */
export function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
