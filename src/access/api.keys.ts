import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { newId } from '../platform/ids/ids.js';

export type Scope = 'admin' | 'write' | 'read';

export interface ApiKey {
  id: string;
  name: string;
  scopes: Scope[];
}

/** Keys have at least 112 random bits, so a fast hash is enough, and a look-up by it tells nothing. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

const BOOTSTRAP = 'bootstrap';

@Injectable()
export class ApiKeys {
  constructor(private readonly database: Database) {}

  /** The key that this secret is, if it is one and still valid. */
  async authenticate(secret: string): Promise<ApiKey | null> {
    const [key] = await this.database.query<ApiKey>(
      `select id, name, scopes from api_keys
        where secret_hash = $1 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())`,
      [hashSecret(secret)],
    );
    return key ?? null;
  }

  /**
   * Makes sure that there is an admin key: the configured one, or a new one at the first start.
   * Returns the secret of a newly made one, to be shown once.
   */
  async bootstrap(configured: string | undefined): Promise<string | null> {
    return this.database.transaction(async (tx) => {
      // Replicas that start together must agree on one key.
      await tx.query('select pg_advisory_xact_lock(7041997)');
      const insert = (secret: string) =>
        tx.query(
          `insert into api_keys (id, name, secret_hash, scopes, expires_at, last_used_at, revoked_at, metadata, created_at, updated_at)
           values ($1, $2, $3, '{admin}', null, null, null, '{}', $4, $4)
           on conflict (secret_hash) do nothing`,
          [newId('key'), BOOTSTRAP, hashSecret(secret), tx.now],
        );
      if (configured !== undefined) {
        await insert(configured);
        return null;
      }
      const [any] = await tx.query('select 1 from api_keys limit 1');
      if (any) return null;
      const secret = `zq_${randomBytes(24).toString('base64url')}`;
      await insert(secret);
      return secret;
    });
  }
}
