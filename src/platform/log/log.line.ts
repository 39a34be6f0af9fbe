import { sqlState } from '../database/outage.js';

/** What a line may say of itself; a name that stands not here has not been thought about, and is not told. */
const TOLD: ReadonlySet<string> = new Set([
  'request_id', 'method', 'route', 'id', 'status', 'duration_ms', 'context', 'err', 'reason', 'kind', 'row', 'parked', 'key', 'timer', 'codes',
  'failures', 'message', 'endpoint', 'delivery', 'event', 'payment', 'charge', 'refund', 'state', 'openings', 'since',
]);
export const REDACTED = '[redacted]';

/** Keeps of a line's fields what is known to tell nothing of anybody. */
export function told(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (value instanceof Error) return [name, plainError(value)];
      const isPlain = typeof value !== 'object' || value === null || value instanceof Date;
      return [name, TOLD.has(name) && isPlain ? value : REDACTED];
    }),
  );
}

/** Of PostgreSQL's own fields only the names of things; its details quote whole rows. */
const NAMES = ['code', 'schema', 'table', 'column', 'constraint', 'routine'] as const;
const MAX_CAUSES = 3;

/** What a log may keep of an error: where it happened and what kind it is, not what it was about. */
export function plainError(error: Error, depth = 0): Record<string, unknown> {
  const given = error as Error & Record<string, unknown>;
  const names = NAMES.filter((name) => typeof given[name] === 'string').map((name) => [name, given[name]]);
  return {
    type: error.name === 'error' ? 'DatabaseError' : error.name,
    message: quotesInput(error) ? REDACTED : error.message,
    ...Object.fromEntries(names),
    // Without the lines before it, which repeat the message.
    stack: (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).join('\n'),
    ...(error.cause instanceof Error && depth < MAX_CAUSES && { cause: plainError(error.cause, depth + 1) }),
  };
}

/** JSON and PostgreSQL say what they could not read by repeating it. */
function quotesInput(error: Error): boolean {
  return error instanceof SyntaxError || (sqlState(error)?.startsWith('22') ?? false);
}

/** What is recognised wherever it stands: the last net, under everything that is left out on purpose. */
const SECRETS: readonly [shape: RegExp, instead: string][] = [
  [/\b(src|whsec|zq|sk|pk)_[\w+/=-]{6,}/g, `$1_${REDACTED}`],
  [/\b(bearer|basic)\s+[^\s"\\]+/gi, `$1 ${REDACTED}`],
  [/\/pay\/+(?!:)[^\s"\\?]+/gi, `/pay/${REDACTED}`],
  [/:\/\/[^\s/@"\\]+@/g, `://${REDACTED}@`],
  [/[^\s"'<>()[\],;:\\/=]+(?:@|%40)[^\s"'<>()[\],;:\\/=]+/gi, REDACTED],
];

export function scrubbed(line: string): string {
  return SECRETS.reduce((text, [shape, instead]) => text.replace(shape, instead), line);
}

/** For whoever writes without the log, because it is not there yet or not any more. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return scrubbed(String(error));
  const { type, message, stack } = plainError(error) as Record<string, string>;
  return scrubbed(`${type}: ${message}\n${stack}`);
}
