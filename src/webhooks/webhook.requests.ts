import { applyDecorators } from '@nestjs/common';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray } from 'class-validator';
import { isEventFilter } from '../domain/webhook.js';
import { check, Flag, Instant, Metadata, presence, Text } from '../platform/http/fields.js';

const optional = { optional: true };
const MAX_FILTERS = 100;

/** `*`, `invoice.*` or the very types of events, each once. */
function EventFilters(): PropertyDecorator {
  return applyDecorators(
    ...presence(optional),
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(MAX_FILTERS),
    ArrayUnique(),
    check('eventFilters', 'must be a list of event types, of groups like "invoice.*", or "*"', (value) =>
      Array.isArray(value) && value.every((one) => typeof one === 'string' && isEventFilter(one)),
    ),
  );
}

class EndpointRequest {
  @EventFilters() events?: string[];
  @Flag(optional) active?: boolean;
  @Metadata() metadata?: Record<string, string>;
}

export class CreateWebhookEndpointRequest extends EndpointRequest {
  @Text(1_024) url!: string;
  @Text(2_000, optional) description?: string;
}

export class UpdateWebhookEndpointRequest extends EndpointRequest {
  @Text(1_024, optional) url?: string;
  @Text(2_000, { optional: true, nullable: true }) description?: string | null;
}

/** A stretch of the engine's time, `[from, to)`. */
export class ReplayRequest {
  @Instant() from!: string;
  @Instant() to!: string;
}
