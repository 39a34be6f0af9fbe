import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InstallationSecret } from './secret.js';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 's1';

/**
 * Keeps texts in the database that nobody can read who has only the database. What is sealed for one place
 * (`webhook_endpoints.secret:whk_…`) opens nowhere else, and opens with secrets that have been replaced since.
 */
@Injectable()
export class Sealing {
  private readonly keys: ReadonlyMap<string, KeyObject>;
  private readonly current: string;

  constructor(secret: InstallationSecret) {
    const keys = secret.keys('sealing').map(({ name, key }) => [name, key] as const);
    this.keys = new Map(keys);
    this.current = (keys[0] as (typeof keys)[number])[0];
  }

  /** What begins every text that is sealed with the current secret, and no other. */
  get mark(): string {
    return `${VERSION}.${this.current}.`;
  }

  seal(text: string, place: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.keys.get(this.current) as KeyObject, nonce).setAAD(Buffer.from(place));
    const bytes = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return this.mark + bytes.toString('base64url');
  }

  /** Throws when it was not sealed for this place, or with a secret that nobody has given us. */
  open(sealed: string, place: string): string {
    const [version, name = '', content = ''] = sealed.split('.');
    const key = this.keys.get(name);
    if (version !== VERSION || !key) throw new Error('sealed with a secret that is not in ZHOUQI_SECRET');
    const bytes = Buffer.from(content, 'base64url');
    const end = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(place))
      .setAuthTag(bytes.subarray(end));
    return decipher.update(bytes.subarray(NONCE_BYTES, end), undefined, 'utf8') + decipher.final('utf8');
  }
}
