import { closeSync, createReadStream, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** One change: table, id, and the whole row, or null when it is gone. */
type Row = [table: string, id: string, value: unknown];

const FLUSH_AFTER_MS = 10;
const ROWS_PER_LINE = 500;

/** A map whose changes reach the journal; rows are changed in place and then `touch`ed. */
export class Table<T> {
  readonly rows = new Map<string, T>();
  private readonly note: (id: string) => void;

  constructor(note: (id: string) => void = () => undefined) {
    this.note = note;
  }

  get(id: string): T | undefined {
    return this.rows.get(id);
  }

  put(id: string, row: T): void {
    this.rows.set(id, row);
    this.note(id);
  }

  touch(id: string): void {
    this.note(id);
  }

  remove(id: string): void {
    if (this.rows.delete(id)) this.note(id);
  }

  clear(): void {
    for (const id of this.rows.keys()) this.remove(id);
  }
}

/**
 * Append-only journal of table changes, one line per flush.
 * A line holds everything that changed since the last one, so that a torn line loses a consistent cut, never half a change.
 */
export class Journal {
  private readonly tables = new Map<string, { table: Table<unknown>; dirty: Set<string> }>();
  private readonly path: string | undefined;
  private file: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** Without a directory nothing is written and changes cost nothing. */
  constructor(directory?: string) {
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    this.path = join(directory, 'sandbox.jsonl');
  }

  table<T>(name: string): Table<T> {
    if (this.path === undefined) return new Table<T>();
    const dirty = new Set<string>();
    const table = new Table<T>((id) => {
      dirty.add(id);
      if (this.file !== undefined) this.timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
    });
    this.tables.set(name, { table, dirty });
    return table;
  }

  /** Replays what was written before, then writes it anew in its shortest form and keeps the file open. */
  async open(): Promise<void> {
    if (this.path === undefined) return;
    if (existsSync(this.path)) await this.replay(this.path);
    const compacted = `${this.path}.new`;
    const file = openSync(compacted, 'w');
    for (const { table, dirty } of this.tables.values()) {
      dirty.clear();
      for (const id of table.rows.keys()) dirty.add(id);
    }
    this.write(file);
    fsyncSync(file);
    renameSync(compacted, this.path);
    this.file = file;
  }

  /** Writes what has changed; called by itself about 10 ms after a change. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.file !== undefined) this.write(this.file);
  }

  close(): void {
    this.flush();
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private write(file: number): void {
    let rows: Row[] = [];
    const bulk = this.file === undefined;
    for (const [name, { table, dirty }] of this.tables) {
      for (const id of dirty) {
        rows.push([name, id, table.get(id) ?? null]);
        // Only a compaction may be cut into lines: its file does not count until it is whole.
        if (bulk && rows.length >= ROWS_PER_LINE) {
          writeSync(file, `${JSON.stringify(rows)}\n`);
          rows = [];
        }
      }
      dirty.clear();
    }
    if (rows.length > 0) writeSync(file, `${JSON.stringify(rows)}\n`);
  }

  private async replay(path: string): Promise<void> {
    let torn: number | undefined;
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      number += 1;
      if (torn !== undefined) throw new Error(`${path}: line ${torn} is damaged`);
      try {
        this.restore(JSON.parse(line) as Row[]);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        torn = number;
      }
    }
  }

  private restore(rows: Row[]): void {
    for (const [name, id, value] of rows) {
      const known = this.tables.get(name);
      if (known === undefined) continue;
      if (value === null) known.table.rows.delete(id);
      else known.table.rows.set(id, value);
    }
  }
}
