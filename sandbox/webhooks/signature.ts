import { createHmac } from 'node:crypto';

/** `Cko-Signature`: lower-case hex HMAC-SHA256 of the raw body under the UTF-8 bytes of the key [C]. */
export function sign(body: string, key: string): string {
  return createHmac('sha256', key).update(body, 'utf8').digest('hex');
}
