/**
 * The field by which a thing of the interface names a wallet. What is stored names our own row; whoever is told
 * hears the gateway's name, so that this credential stands in one place of the database only.
 */
const NAMED_IN: Readonly<Record<string, string>> = { charge: 'source', source: 'id' };

function fieldOf(thing: object): string | null {
  const { object } = thing as { object?: unknown };
  return typeof object === 'string' && Object.hasOwn(NAMED_IN, object) ? (NAMED_IN[object] as string) : null;
}

/** The row of the wallet that a thing names; null where it names none. */
export function walletOf(thing: object): string | null {
  const field = fieldOf(thing);
  return field === null ? null : ((thing as Record<string, string | null>)[field] ?? null);
}

/** The same thing with the gateway's name of its wallet, as `names` has it by its row; null where it has none. */
export function withWallet<T extends object>(thing: T, names: ReadonlyMap<string, string>): T {
  const [field, row] = [fieldOf(thing), walletOf(thing)];
  return field === null || row === null ? thing : { ...thing, [field]: names.get(row) ?? null };
}
