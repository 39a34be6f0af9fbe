import { type CustomDecorator, SetMetadata } from '@nestjs/common';

export const WITHOUT_KEY = 'zhouqi:without_key';

/** Marks a controller that answers without an API key. Everything else needs one, whatever its path looks like. */
export function WithoutKey(): CustomDecorator {
  return SetMetadata(WITHOUT_KEY, true);
}
