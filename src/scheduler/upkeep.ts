import { Injectable } from '@nestjs/common';
import { IdempotencyKeys } from '../access/idempotency.keys.js';
import { Continuity } from '../continuity/continuity.js';
import { Orphans } from '../payments/orphans.js';
import { Measuring } from '../telemetry/measuring.js';
import { Telling } from './telling.js';

/** What the engine does for itself, and not for any subscription. */
@Injectable()
export class Upkeep {
  constructor(
    readonly continuity: Continuity,
    readonly measuring: Measuring,
    readonly orphans: Orphans,
    readonly idempotency: IdempotencyKeys,
    readonly telling: Telling,
  ) {}
}
