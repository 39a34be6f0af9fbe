import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { conflict, Refusal } from '../domain/errors.js';
import { Sealing } from '../platform/crypto/sealing.js';
import { Database } from '../platform/database/database.js';
import type { Deed } from '../platform/database/witness.js';
import { canonical } from './canonical.js';
import type { Call } from './call.js';

/** How long (ms) a request may hold its key before a repeat may take it over. */
export const LEASE_MS = 10_000;
/** How long (ms) an answer is kept at least. */
export const KEPT_MS = 24 * 3_600_000;
const SET = 1_000;
/** A row that was let go between two looks; it cannot go on for ever. */
const MAX_LOOKS = 5;

export interface IdempotencyRow {
  id: string;
  api_key: string;
  body_digest: string;
  lease_token: number;
  leased_until: Date;
  committed_at: Date | null;
  resource: string | null;
  secret: string | null;
  status: number | null;
  body: string | null;
  completed_at: Date | null;
  created_at: Date;
}

/** The right to do the write that a key stands for, until somebody else has taken it over. */
export interface Claim {
  id: string;
  token: number;
}

/** What a commit leaves behind, so that a repeat can be answered whatever becomes of this process. */
export interface Binding {
  status: number;
  resource: string | null;
  secret: string | null;
}

export interface Answer {
  status: number;
  /** JSON; empty where the answer had no body. */
  body: string;
}

export type Claimed =
  /** Nobody has done it: do it. */
  | { state: 'new'; claim: Claim }
  /** It is done, but nobody was left to answer: say what became of it. */
  | { state: 'committed'; claim: Claim; binding: Binding }
  | { state: 'answered'; answer: Answer };

/**
 * What `Idempotency-Key`s stand for. A row is claimed under a lease before the work, bound to what the work
 * makes in the very commit that makes it, and answered at the end. So a write is done once: whoever is not the
 * last to have claimed the row, or finds it bound already, cannot commit.
 */
@Injectable()
export class IdempotencyKeys {
  constructor(
    private readonly database: Database,
    private readonly sealing: Sealing,
  ) {}

  /** Throws a 422 when the key stands for another body, and a 409 while somebody is at work on it. */
  async claim(call: Call, key: string, body: unknown): Promise<Claimed> {
    const id = digest(JSON.stringify([call.key.id, call.method, call.path, key]));
    const bodyDigest = digest(canonical(body));
    for (let look = 1; look <= MAX_LOOKS; look += 1) {
      const now = await this.database.now();
      const [mine] = await this.database.query<IdempotencyRow>(CLAIM, [id, call.key.id, bodyDigest, new Date(now.getTime() + LEASE_MS), now]);
      if (mine) return this.claimed(mine);
      const [held] = await this.database.query<IdempotencyRow>('select * from idempotency_keys where id = $1', [id]);
      if (!held) continue;
      if (held.body_digest !== bodyDigest) {
        throw new Refusal('invalid', 'idempotency_key_reused', 'The Idempotency-Key was used with another body.');
      }
      if (held.completed_at !== null) return { state: 'answered', answer: this.answerOf(held) };
      throw inProgress();
    }
    throw inProgress();
  }

  /** In the transaction that does the write: from its commit on the key is used up. Throws when it is no longer ours. */
  async bind(deed: Deed, { id, token }: Claim, { status, resource, secret }: Binding): Promise<void> {
    const bound = await deed.query(
      `update idempotency_keys set committed_at = $3, status = $4, resource = $5, secret = $6
        where id = $1 and lease_token = $2 and committed_at is null returning id`,
      [id, token, deed.now, status, resource, secret === null ? null : this.sealing.seal(secret, placeOf(id))],
    );
    if (bound.length === 0) throw inProgress();
  }

  /** Keeps the answer. One that somebody else has been given meanwhile stands. */
  async complete({ id, token }: Claim, { status, body }: Answer): Promise<void> {
    await this.database.query(
      `update idempotency_keys set status = $3, body = $4, completed_at = $5, secret = null
        where id = $1 and lease_token = $2 and completed_at is null`,
      [id, token, status, this.sealing.seal(body, placeOf(id)), await this.database.now()],
    );
  }

  /** Nothing came of it that a repeat could be answered with: it may come at once. What was committed stays so. */
  async release({ id, token }: Claim): Promise<void> {
    const deleted = await this.database.query(
      'delete from idempotency_keys where id = $1 and lease_token = $2 and committed_at is null returning id',
      [id, token],
    );
    if (deleted.length > 0) return;
    await this.database.query('update idempotency_keys set leased_until = $3 where id = $1 and lease_token = $2 and completed_at is null', [
      id,
      token,
      await this.database.now(),
    ]);
  }

  /** Forgets a set of old ones. Returns how many. */
  async prune(): Promise<number> {
    const now = await this.database.now();
    const old = await this.database.query<{ id: string }>(
      `select id from idempotency_keys where created_at < $1 and leased_until < $2 order by created_at limit ${SET}`,
      [new Date(now.getTime() - KEPT_MS), now],
    );
    // Mostly there is none, and then nothing is written.
    if (old.length > 0) await this.database.query('delete from idempotency_keys where id = any($1)', [old.map(({ id }) => id)]);
    return old.length;
  }

  private claimed(row: IdempotencyRow): Claimed {
    const claim = { id: row.id, token: row.lease_token };
    if (row.committed_at === null) return { state: 'new', claim };
    const secret = row.secret === null ? null : this.sealing.open(row.secret, placeOf(row.id));
    return { state: 'committed', claim, binding: { status: row.status as number, resource: row.resource, secret } };
  }

  private answerOf(row: IdempotencyRow): Answer {
    return { status: row.status as number, body: this.sealing.open(row.body as string, placeOf(row.id)) };
  }
}

/** Takes a new key, or one whose holder has let its lease run out. */
const CLAIM = `insert into idempotency_keys as k (id, api_key, body_digest, lease_token, leased_until, created_at)
     values ($1, $2, $3, 1, $4, $5)
     on conflict (id) do update set lease_token = k.lease_token + 1, leased_until = excluded.leased_until
       where k.completed_at is null and k.leased_until <= excluded.created_at and k.body_digest = excluded.body_digest
     returning *`;

/** Mostly the first is answered in a moment; only a dead one keeps others waiting for its lease. */
const ASK_AGAIN_SECONDS = 1;

function inProgress(): Refusal {
  return conflict('idempotency_in_progress', 'A request with this Idempotency-Key is under way.', ASK_AGAIN_SECONDS);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function placeOf(id: string): string {
  return `idempotency_keys:${id}`;
}
