import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/platform/database/database.js';
import { insertion, type PossibleWriting, update, write } from '../../src/platform/database/sets.js';
import { World } from '../support/world.js';

interface Row {
  id: string;
  note: string | null;
  count: number | null;
  flag: boolean | null;
  at: Date | null;
  data: object | null;
}

const COLUMNS = ['id', 'note', 'count', 'flag', 'at', 'data'] as const;
let world: World;
let database: Database;
beforeAll(async () => {
  world = await World.open();
  database = world.database;
  await database.query(
    'create table things (id text primary key, note text, count integer, flag boolean, at timestamptz(3), data jsonb)',
  );
});
afterAll(() => world.close());

const writeAll = (...writings: PossibleWriting[]) => database.transaction((tx) => write(tx, writings));

const NOTES = ['', ' ', '\n', "quote ' and \" and \\", 'a,b;{c}', '茶 🍵', '\\N', 'null', '\t', '$1', null];

describe('a set', () => {
  it.each([1, 2, 11])('of %i rows arrives as it was sent', async (size) => {
    const rows: Row[] = NOTES.slice(0, size).map((note, i) => ({
      id: `${size}-${i}`,
      note,
      count: i === 1 ? null : 7 - i,
      flag: [true, false, null][i % 3] ?? null,
      at: i % 2 ? new Date('2026-02-28T23:59:59.999Z') : null,
      data: i % 2 ? { text: 'line\nfeed \u001e', list: [1, { a: '\\' }] } : null,
    }));
    await writeAll(insertion<Row>('things', COLUMNS, rows));
    const stored = await database.query<Row>('select * from things where id like $1 order by length(id), id', [`${size}-%`]);
    expect(stored).toEqual(rows);
  });

  it('of a single row whose only text is empty is one row', async () => {
    await writeAll(insertion<Row>('things', ['id', 'note'], [{ id: 'empty', note: '' } as Row]));
    expect(await database.query('select note from things where id = $1', ['empty'])).toEqual([{ note: '' }]);
  });

  it('updates only the columns it names, of the rows it names', async () => {
    const rows = ['u1', 'u2', 'u3'].map((id) => ({ id, note: 'before', count: 1, flag: true, at: null, data: null }));
    await writeAll(insertion<Row>('things', COLUMNS, rows));
    await writeAll(update<Row>('things', 'id', ['note'], [{ ...rows[1], note: '', count: 9 } as Row]));
    expect(await database.query('select id, note, count from things where id like $1 order by id', ['u%'])).toEqual([
      { id: 'u1', note: 'before', count: 1 }, { id: 'u2', note: '', count: 1 }, { id: 'u3', note: 'before', count: 1 },
    ]);
  });

  it('travels with others, in their order, and all of them or none', async () => {
    const row: Row = { id: 't1', note: 'first', count: 1, flag: null, at: null, data: null };
    await writeAll(
      insertion<Row>('things', COLUMNS, [row]),
      update<Row>('things', 'id', ['note'], [{ ...row, note: 'second' }]),
      update<Row>('things', 'id', ['note'], [{ ...row, note: 'third' }]),
    );
    const twice = writeAll(update<Row>('things', 'id', ['note'], [{ ...row, note: 'fourth' }]), insertion<Row>('things', COLUMNS, [row]), update<Row>('things', 'id', ['count'], [{ ...row, count: 9 }]));
    await expect(twice).rejects.toMatchObject({ code: '23505' });
    expect(await database.query('select note, count from things where id = $1', ['t1'])).toEqual([{ note: 'third', count: 1 }]);
  });

  it.each(['a\u001eb', '\u001f'])('refuses a text that would be torn apart or lost: %j', async (note) => {
    await expect(writeAll(insertion<Row>('things', ['id', 'note'], [{ id: 'x', note } as Row]))).rejects.toThrow(RangeError);
  });
});
