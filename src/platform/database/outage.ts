/** SQLSTATEs, or their classes, in which the server says that it, and not what was asked, is the trouble. */
const SERVER_TROUBLE = /^(08|40|53|57|58|25P0|25006|55P03)/;
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
}
