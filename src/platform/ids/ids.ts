import { typeid } from 'typeid-js';

/** Prefixes of the ids in the interface, and (the last ones) of rows that only the engine sees. */
export type IdPrefix = 'plan' | 'cust' | 'sub' | 'inv' | 'chg' | 'rfnd' | 'evnt' | 'msg' | 'whk' | 'dlv' | 'clk' | 'key' | 'dun' | 'aud' | 'psrc' | 'park';

/** A new id: the prefix and a UUIDv7, so that ids sort by the time they were made. */
export function newId(prefix: IdPrefix): string {
  return typeid(prefix).toString();
}

const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Whether a text can be an id of that kind at all; saves the database from nonsense. */
export function isId(prefix: IdPrefix, value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(`${prefix}_`) && SUFFIX.test(value.slice(prefix.length + 1));
}

const LIKE_AN_ID = /^[a-z]+_[0-7][0-9a-z]{25}$/;

/** Whether a text reads like an id of some kind. */
export function isAnyId(value: unknown): value is string {
  return typeof value === 'string' && LIKE_AN_ID.test(value);
}
