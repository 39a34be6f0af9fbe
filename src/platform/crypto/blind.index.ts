import { createHmac, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InstallationSecret } from './secret.js';

/**
 * Finds what is sealed: a keyed digest of the text, which says nothing to whoever has only the database. The
 * same text has another digest in another column, so that two tables cannot be laid beside each other.
 */
@Injectable()
export class BlindIndex {
  private readonly keys: readonly KeyObject[];

  constructor(secret: InstallationSecret) {
    this.keys = secret.keys('blind index').map(({ key }) => key);
  }

  /** Everything the text may be stored under: first what it is stored under now, then what replaced secrets made of it. */
  of(text: string, column: string): [current: string, ...replaced: string[]] {
    return this.keys.map((key) => createHmac('sha256', key).update(`${column}\n${text}`).digest('base64url')) as [string, ...string[]];
  }
}
