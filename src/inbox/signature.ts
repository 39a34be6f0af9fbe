import { createHmac, timingSafeEqual } from 'node:crypto';

const HEX_SHA256 = /^[0-9a-f]{64}$/;

/**
 * Whether `signature` is the lower-case hex HMAC-SHA256 of these very bytes under one of the keys (the
 * current one and those it replaces). Takes the same time for every wrong signature.
 */
export function isSigned(body: Buffer, signature: unknown, keys: readonly string[]): boolean {
  if (typeof signature !== 'string' || !HEX_SHA256.test(signature)) return false;
  const given = Buffer.from(signature, 'hex');
  let matches = false;
  for (const key of keys) {
    if (timingSafeEqual(createHmac('sha256', key).update(body).digest(), given)) matches = true;
  }
  return matches;
}

export function sameText(given: unknown, expected: string): boolean {
  if (typeof given !== 'string') return false;
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
