import type { Change, Deed, Witness } from '../platform/database/witness.js';
import { isAnyId, isId } from '../platform/ids/ids.js';
import type { AuditLog } from './audit.log.js';
import type { Call } from './call.js';
import type { Claim, IdempotencyKeys } from './idempotency.keys.js';

/**
 * One request that writes, as the witness of its own transactions. The first of them to commit takes along what
 * must be true exactly when the write is: that the idempotency key is used up, and for what; and the line in
 * the audit log. What else the request does after that changes neither.
 */
export class Write implements Witness {
  /** Whether the write is committed. */
  isCommitted = false;
  private isOver = false;

  constructor(
    readonly call: Call,
    private readonly claim: Claim | null,
    private readonly idempotency: IdempotencyKeys,
    private readonly audit: AuditLog,
  ) {}

  get waits(): boolean {
    return !this.isCommitted && !this.isOver;
  }

  async attest(deed: Deed): Promise<void> {
    if (!this.waits) return;
    const resource = resourceOf(this.call, deed.changes);
    const changes = deed.changes.filter((change) => change.resource === resource);
    await Promise.all([
      this.claim && this.idempotency.bind(deed, this.claim, { status: this.call.status, resource, secret: secretIn(changes) }),
      this.audit.record(deed, this.call, resource, changes),
    ]);
  }

  attested(): void {
    this.isCommitted = true;
  }

  /** The request is answered: what its context still does is somebody else's work. */
  end(): void {
    this.isOver = true;
  }
}

function resourceOf({ creates, target }: Call, changes: readonly Change[]): string | null {
  if (creates !== null) {
    const made = changes.find(({ resource, before }) => before === null && isId(creates, resource));
    if (!made) throw new Error(`The first commit of a call that creates a ${creates} tells of none`);
    return made.resource;
  }
  // A code in the path stands for what was changed.
  return isAnyId(target) ? target : (changes[0]?.resource ?? target);
}

function secretIn(changes: readonly Change[]): string | null {
  const { secret = null } = (changes[0]?.after ?? {}) as { secret?: string | null };
  return secret;
}
