/** Records of one kind with what has been changed or added since they were loaded. */
export class Shelf<T extends { id: string }> {
  private readonly rows = new Map<string, T>();
  readonly added = new Set<string>();
  readonly changed = new Set<string>();
  /** The fields that were patched in any of them: all that needs to be written. */
  readonly fields = new Set<string>();

  constructor(rows: readonly T[]) {
    for (const row of rows) this.rows.set(row.id, row);
  }

  add(row: T): T {
    this.rows.set(row.id, row);
    this.added.add(row.id);
    return row;
  }

  patch(id: string, patch: Partial<T>): T {
    const row = { ...this.get(id), ...patch };
    this.rows.set(id, row);
    if (!this.added.has(id)) {
      this.changed.add(id);
      for (const field of Object.keys(patch)) this.fields.add(field);
    }
    return row;
  }

  get(id: string): T {
    const row = this.rows.get(id);
    if (!row) throw new Error(`The case holds no record "${id}"`);
    return row;
  }

  find(id: string | null): T | null {
    return (id !== null && this.rows.get(id)) || null;
  }

  all(): T[] {
    return [...this.rows.values()];
  }

  pick(ids: ReadonlySet<string>): T[] {
    return [...ids].map((id) => this.get(id));
  }
}
