import { type CustomDecorator, SetMetadata } from '@nestjs/common';

export const ALSO_ANSWERS = 'zhouqi:also_answers';

/** Names the other statuses that a route answers with in its own shape, not as a problem, and when. */
export function AlsoAnswers(statuses: Readonly<Record<number, string>>): CustomDecorator {
  return SetMetadata(ALSO_ANSWERS, statuses);
}
