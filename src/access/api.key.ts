import { createHash, randomBytes } from 'node:crypto';

export const SCOPES = ['admin', 'write', 'read'] as const;
export type Scope = (typeof SCOPES)[number];

/** A key as it is stored: its secret is known only by its hash. */
export interface ApiKey {
  id: string;
  name: string;
  secret_hash: string;
  scopes: Scope[];
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
  metadata: Record<string, string>;
  created_at: Date;
  updated_at: Date;
}

/**
 * A fast hash is enough, because nobody guesses 256 random bits, however fast he can try. For the same reason a
 * look-up by it needs no comparison in constant time: how long it takes tells of hashes, and whoever could
 * choose those would not need to ask.
 */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function newSecret(): string {
  return `zq_${randomBytes(32).toString('base64url')}`;
}

export function apiKeyView(key: ApiKey) {
  return {
    id: key.id,
    object: 'api_key' as const,
    name: key.name,
    scopes: key.scopes,
    last_used_at: key.last_used_at,
    expires_at: key.expires_at,
    metadata: key.metadata,
    created_at: key.created_at,
    updated_at: key.updated_at,
  };
}
