import type { EntitySchemaColumnOptions } from 'typeorm';

/** Shorthands for the column types that the tables use; one place, so that all tables agree. */
type Options = Partial<EntitySchemaColumnOptions>;

export const id = (): EntitySchemaColumnOptions => ({ type: 'text', primary: true, collation: 'C' });
export const ref = (options: Options = {}): EntitySchemaColumnOptions => ({ type: 'text', collation: 'C', ...options });
export const text = (options: Options = {}): EntitySchemaColumnOptions => ({ type: 'text', ...options });
export const int = (options: Options = {}): EntitySchemaColumnOptions => ({ type: 'integer', ...options });
export const bool = (): EntitySchemaColumnOptions => ({ type: 'boolean' });
export const json = (): EntitySchemaColumnOptions => ({ type: 'jsonb' });
/** Milliseconds are enough, and JavaScript knows no more: microseconds would not survive a round trip. */
export const instant = (options: Options = {}): EntitySchemaColumnOptions => ({
  type: 'timestamptz',
  precision: 3,
  ...options,
});
export const nullable = { nullable: true } as const;
