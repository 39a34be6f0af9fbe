/** SQLSTATEs, or their classes, in which the server says that it, and not what was asked, is the trouble. */
const SERVER_TROUBLE = /^(08|40|53|57|58|25P0|55P03)/;
/** What the driver and the network say when there is no server at the other end. */
const NO_SERVER = /connection (terminated|timeout|error)|client was closed|trying to connect|read timeout|ended? the pool|socket hang up/i;
const NO_NETWORK = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOSTUNREACH|ENETUNREACH)/;

/** PostgreSQL's SQLSTATE of an error, if it came from there. */
export function sqlState(error: unknown): string | null {
  const state = codeOf(error);
  return state !== null && /^[0-9A-Z]{5}$/.test(state) ? state : null;
}

function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  const known = driverError?.code ?? code;
  return typeof known === 'string' ? known : null;
}

/**
 * Whether the database was away, restarting or overloaded: the same work may well succeed in a moment, and
 * nothing is wrong with the rows it was about. Whether it was stored nobody knows.
 */
export function isOutage(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== null && (NO_NETWORK.test(code) || (sqlState(error) !== null && SERVER_TROUBLE.test(code)))) return true;
  return error instanceof Error && sqlState(error) === null && NO_SERVER.test(error.message);
 * Classes and codes of SQLSTATE that tell of the database's own state, not of what was asked: connections,
 * resources, shutdowns, a standby that is not promoted yet, locks that others hold.
const OUTAGES = /^(08...|53...|57P0[1-4]|25006|40001|40P01|55P03)$/;
const SOCKET_ERRORS: ReadonlySet<string> = new Set([
  'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN',
]);
/** What the driver says in words alone. */
const WORDS = /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|Query read timeout)/;
/** Whether the database was away, or busy with itself: then no row is to blame, and all may be tried again. */
  if (!(error instanceof Error)) return false;
  const { code, driverError } = error as { code?: unknown; driverError?: unknown };
  if (driverError !== undefined && driverError !== error && isOutage(driverError)) return true;
  if (typeof code === 'string' && (OUTAGES.test(code) || SOCKET_ERRORS.has(code))) return true;
  return WORDS.test(error.message);
}
