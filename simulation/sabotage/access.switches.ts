import { at, type Switch } from './switch.js';

const KEYS = 'src/access/idempotency.keys.ts';
const WRITE = 'src/access/write.ts';
const REPEATS = 'test/api/idempotency.test.ts';
const GUARDS = 'test/database/access.guards.test.ts';
const ACCESS = 'migrations/1764000000012-access.ts';

/** What stands around a call: that it is done once, by who may, and told. */
export const ACCESS_SWITCHES: readonly Switch[] = [
  {
    name: 'key_not_bound',
    removes: 'the binding of an idempotency key in the commit that does the write',
    patches: [at(WRITE, 'this.claim && this.idempotency.bind(', 'this.claim && this.call.status === 0 && this.idempotency.bind(')],
    watch: { test: REPEATS },
  },
  {
    name: 'key_bound_by_whoever',
    removes: 'the token of the lease under which a key is bound',
    patches: [at(KEYS, 'where id = $1 and lease_token = $2 and committed_at is null returning id`,\n      [id, token, deed.now', 'where id = $1 and $2::int > 0 and committed_at is null returning id`,\n      [id, token, deed.now')],
    watch: { test: REPEATS },
  },
  {
    name: 'key_without_lease',
    removes: 'waiting until the lease of a claimed key has ended',
    patches: [at(KEYS, 'k.leased_until <= excluded.created_at', 'k.leased_until > excluded.created_at')],
    watch: { test: REPEATS },
  },
  {
    name: 'line_apart_from_the_write',
    removes: 'the line in the audit log that is written with the write',
    patches: [at(WRITE, '      this.audit.record(deed, this.call, resource, changes),\n', '')],
    watch: { test: 'test/api/audit.test.ts' },
  },
  {
    name: 'revoked_key_works',
    removes: 'asking whether a key was revoked',
    patches: [at('src/access/api.keys.ts', 'if (found.revoked_at !== null || (', 'if ((')],
    watch: { test: 'test/api/scopes.test.ts' },
  },
  {
    name: 'no_bound_once',
    removes: 'SQL’s own refusal of a second write for one key',
    patches: [at(ACCESS, "raise exception 'idempotency key %: its write was committed', old.id using errcode = 'check_violation';", 'null;')],
    watch: { test: GUARDS },
  },
];
