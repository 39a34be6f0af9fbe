import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * The installation secret. Keys and references of charges are derived from it and from what is charged,
 * so that a database restored from a backup repeats them instead of charging anew.
 */
export class InstallationSecret {
  /** As objects of the library's own: made of text or bytes at every use, a digest takes several times as long. */
  private readonly values: readonly [KeyObject, ...KeyObject[]];

  constructor(values: readonly [string, ...string[]]) {
    this.values = values.map((value) => createSecretKey(value, 'utf8')) as [KeyObject, ...KeyObject[]];
  }

  /** A keyed digest of the parts; the parts are length-prefixed so that no two lists collide. */
  private digest(purpose: string, parts: readonly (string | number)[], secret = this.values[0]): Buffer {
    const hmac = createHmac('sha256', secret).update(purpose);
    for (const part of parts) hmac.update(`\n${String(part).length}:${part}`);
    return hmac.digest();
  }

  /** `length` characters of lower-case base32. */
  token(purpose: string, length: number, ...parts: (string | number)[]): string {
    return base32(this.digest(purpose, parts), length);
  }

  /** Whether the token was made of these parts, with this secret or one that it has replaced. */
  isToken(token: string, purpose: string, ...parts: (string | number)[]): boolean {
    const given = Buffer.from(token);
    return this.values.some((secret) => {
      const made = Buffer.from(base32(this.digest(purpose, parts, secret), token.length));
      return made.length === given.length && timingSafeEqual(made, given);
    });
  }

  /** A UUID of version 8 (custom content), the shape the gateway recommends for keys. */
  uuid(purpose: string, ...parts: (string | number)[]): string {
    const bytes = this.digest(purpose, parts).subarray(0, 16);
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** A 256-bit key for the purpose from each value, the current one first, with a name that tells nothing of it. */
  keys(purpose: string): { name: string; key: KeyObject }[] {
    return this.values.map((value) => {
      const derive = (info: string, length: number) => Buffer.from(hkdfSync('sha256', value, '', `${purpose} ${info}`, length));
      return { name: derive('name', 6).toString('hex'), key: createSecretKey(derive('key', 32)) };
    });
  }
}

function base32(bytes: Buffer, length: number): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < length) {
      bits -= 5;
      text += BASE32[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return text;
}
