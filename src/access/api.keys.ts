import { Injectable, Logger } from '@nestjs/common';
import { conflict, notFound } from '../domain/errors.js';
import { Config } from '../platform/config/config.js';
import { Database, type Transaction } from '../platform/database/database.js';
import { isId, newId } from '../platform/ids/ids.js';
import { type ApiKey, apiKeyView, hashSecret, newSecret, type Scope } from './api.key.js';

/** What somebody wants a key for. */
export interface WantedKey {
  name: string;
  scopes: Scope[];
  expiresAt: Date | null;
  metadata: Record<string, string>;
}

/** How old (ms) what is known of a key's last use may be: not every read shall become a write. */
const LAST_USE_MS = 60_000;
const BOOTSTRAP = 'bootstrap';

/**
 * API keys. Every request asks the database about its key, by a unique index: a key that is revoked, or has
 * expired, is refused by all replicas from that moment on.
 */
@Injectable()
export class ApiKeys {
  private readonly log = new Logger(ApiKeys.name);

  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /** The key that this secret is, if it is one and still valid; `isKnown` says whether it ever was one. */
  async authenticate(secret: string): Promise<{ key: ApiKey | null; isKnown: boolean }> {
    const [[found], now] = await Promise.all([
      this.database.query<ApiKey>('select * from api_keys where secret_hash = $1', [hashSecret(secret)]),
      this.database.now(),
    ]);
    if (!found) return { key: null, isKnown: false };
    if (found.revoked_at !== null || (found.expires_at !== null && found.expires_at <= now)) return { key: null, isKnown: true };
    await this.noteUse(found, now);
    return { key: found, isKnown: true };
  }

  /** The new key's view, with its secret: the only time that it is told. */
  async create({ name, scopes, expiresAt, metadata }: WantedKey) {
    return this.database.transaction(async (tx) => {
      const secret = newSecret();
      const view = { ...apiKeyView(await insert(tx, secret, { name, scopes, expiresAt, metadata })), secret };
      tx.note({ resource: view.id, before: null, after: view });
      return view;
    });
  }

  async get(id: string) {
    const [key] = isId('key', id)
      ? await this.database.query<ApiKey>('select * from api_keys where id = $1 and revoked_at is null', [id])
      : [];
    if (!key) throw notFound('api_key', id);
    return apiKeyView(key);
  }

  /** From the commit on no replica takes it any more. An admin key always remains. */
  async revoke(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      // Two admin keys must not revoke each other at the same moment.
      await lockKeys(tx);
      const [key] = isId('key', id)
        ? await tx.query<ApiKey>('select * from api_keys where id = $1 and revoked_at is null', [id])
        : [];
      if (!key) throw notFound('api_key', id);
      if (this.isConfigured(key)) {
        throw conflict('api_key_configured', 'The key stands in ZHOUQI_API_KEY; set another one there, then revoke this one.');
      }
      if (key.scopes.includes('admin') && !(await isAnotherAdmin(tx, id))) {
        throw conflict('last_admin_key', 'It is the last admin key; make another one first.');
      }
      await tx.query('update api_keys set revoked_at = $2, updated_at = $2 where id = $1', [id, tx.now]);
      tx.note({ resource: id, before: apiKeyView(key), after: null });
    });
  }

  /**
   * Makes sure that there is an admin key: the configured one, or a new one at the first start.
   * Returns the secret of a newly made one, to be shown once.
   */
  async bootstrap(configured: string | undefined): Promise<string | null> {
    return this.database.transaction(async (tx) => {
      // Replicas that start together must agree on one key.
      await lockKeys(tx);
      const wanted: WantedKey = { name: BOOTSTRAP, scopes: ['admin'], expiresAt: null, metadata: {} };
      if (configured !== undefined) {
        const known = await tx.query(
          `update api_keys set revoked_at = null, expires_at = null, scopes = '{admin}' where secret_hash = $1 returning id`,
          [hashSecret(configured)],
        );
        if (known.length === 0) await insert(tx, configured, wanted);
        return null;
      }
      const [any] = await tx.query('select 1 from api_keys limit 1');
      if (any) return null;
      const secret = newSecret();
      await insert(tx, secret, wanted);
      return secret;
    });
  }

  private isConfigured(key: ApiKey): boolean {
    return this.config.ZHOUQI_API_KEY !== undefined && key.secret_hash === hashSecret(this.config.ZHOUQI_API_KEY);
  }

  private async noteUse(key: ApiKey, now: Date): Promise<void> {
    if (key.last_used_at !== null && now.getTime() - key.last_used_at.getTime() < LAST_USE_MS) return;
    const stale = new Date(now.getTime() - LAST_USE_MS);
    try {
      await this.database.query('update api_keys set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at <= $3)', [
        key.id,
        now,
        stale,
      ]);
    } catch (error) {
      // Nobody is refused because this could not be written down.
      this.log.warn({ key: key.id, err: error as Error }, 'the last use of a key was not noted');
    }
  }
}

function lockKeys(tx: Transaction): Promise<unknown> {
  return tx.query('select pg_advisory_xact_lock(7041997)');
}

async function isAnotherAdmin(tx: Transaction, id: string): Promise<boolean> {
  const others = await tx.query(
    `select 1 from api_keys
      where id <> $1 and 'admin' = any(scopes) and revoked_at is null and (expires_at is null or expires_at > $2) limit 1`,
    [id, tx.now],
  );
  return others.length > 0;
}

async function insert(tx: Transaction, secret: string, { name, scopes, expiresAt, metadata }: WantedKey): Promise<ApiKey> {
  const [key] = await tx.query<ApiKey>(
    `insert into api_keys (id, name, secret_hash, scopes, expires_at, last_used_at, revoked_at, metadata, created_at, updated_at)
     values ($1, $2, $3, $4, $5, null, null, $6, $7, $7) returning *`,
    [newId('key'), name, hashSecret(secret), scopes, expiresAt, JSON.stringify(metadata), tx.now],
  );
  return key as ApiKey;
}
