import { LOCALES } from '../domain/customer.js';
import { CountryCode, Email, Metadata, OneOf, Phone, Text, TimeZone } from '../platform/http/fields.js';

/** All of it optional; `null` clears a field. */
const open = { optional: true, nullable: true };

export class UpdateCustomerRequest {
  @Email(open) email?: string | null;
  @Text(255, open) name?: string | null;
  @Phone(open) phone?: string | null;
  @OneOf(LOCALES, open) locale?: (typeof LOCALES)[number] | null;
  @TimeZone(open) time_zone?: string | null;
  @CountryCode(open) country?: string | null;
  @Text(255, open) external_id?: string | null;
  @Metadata() metadata?: Record<string, string>;
}

export class CreateCustomerRequest extends UpdateCustomerRequest {
  /** The test clock whose time the customer lives in; given once, for good. */
  @Text(255, open) test_clock?: string | null;
}
