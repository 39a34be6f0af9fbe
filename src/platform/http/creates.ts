import { type CustomDecorator, SetMetadata } from '@nestjs/common';
import type { IdPrefix } from '../ids/ids.js';

export const CREATES = 'zhouqi:creates';

/**
 * Marks a POST that makes a resource of its own. A repeat whose answer was lost in a crash is answered by the
 * `get` of the same controller, with the id of what was made; without the mark, with the id in the path.
 */
export function Creates(prefix: IdPrefix): CustomDecorator {
  return SetMetadata(CREATES, prefix);
}
