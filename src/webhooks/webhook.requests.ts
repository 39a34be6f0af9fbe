import { EVENT_FILTERS, isEventFilter } from '../domain/webhook.js';
import { check, field, Flag, Instant, Metadata, Text } from '../platform/http/fields.js';

const optional = { optional: true };
const MAX_FILTERS = 100;

/** `*`, `invoice.*` or the very types of events, each once. */
function EventFilters(): PropertyDecorator {
  return field(
    { type: 'array', minItems: 1, maxItems: MAX_FILTERS, uniqueItems: true, items: { type: 'string', enum: EVENT_FILTERS } },
    optional,
    check('eventFilterCount', `must be a list of 1 to ${MAX_FILTERS} filters, each once`, (value) =>
      Array.isArray(value) && value.length >= 1 && value.length <= MAX_FILTERS && new Set(value).size === value.length,
    ),
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
