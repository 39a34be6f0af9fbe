import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/platform/ids/ids.js';
import { World } from '../support/world.js';
import { expectProblem, INVALID, nobody, send } from './outsider.js';

const KINDS = ['subscription', 'charge', 'refund', 'gateway_event', 'orphan', 'difference', 'decline'];

let world: World;
const ids: string[] = [];
beforeAll(async () => {
  world = await World.open({ now: '2026-03-01T00:00:00Z' });
  for (const [i, kind] of KINDS.entries()) {
    ids.unshift(newId('park'));
    await world.database.query('insert into parked_rows (id, kind, row_id, error, parked_at) values ($1, $2, $3, $4, $5)', [
      ids[0], kind, `row_${i}`, `no. ${i}`, new Date(Date.UTC(2026, 1, i + 1)),
    ]);
  }
});
afterAll(() => world.close());

const listed = async (query: string) => (await world.list(`/v1/parked?${query}`)).map((row) => row.id);

test('what is parked is listed, newest first, in pages', async () => {
  expect(await listed('')).toEqual(ids);
  const first = await world.get('/v1/parked?limit=2');
  expect(first).toMatchObject({ has_more: true, data: [{ id: ids[0] }, { id: ids[1] }] });
  expect((await world.list(`/v1/parked?limit=100&cursor=${first.next_cursor}`)).map((row) => row.id)).toEqual(ids.slice(2));
  expect((await world.list('/v1/parked?limit=1'))[0]).toEqual({
    id: ids[0], object: 'parked_row', kind: 'decline', row: 'row_6', error: 'no. 6', parked_at: '2026-02-07T00:00:00.000Z',
    released_at: null, metadata: {}, created_at: '2026-02-07T00:00:00.000Z', updated_at: '2026-02-07T00:00:00.000Z',
  });
});

test('filters', async () => {
  expect(await listed('kind=orphan')).toEqual([ids[2]]);
  expect(await listed('row=row_0')).toEqual([ids[6]]);
  expect(await listed('parked_at[gte]=2026-02-03T00:00:00Z&parked_at[lt]=2026-02-05T00:00:00Z')).toEqual([ids[3], ids[4]]);
  for (const query of ['kind=poison', 'parked_at=yesterday', 'row=', 'released_at[lt]=2026-02-03T00:00:00Z', 'cursor=x', 'limit=0']) {
    expectProblem(await send(world, 'get', `/v1/parked?${query}`), { ...INVALID, paths: [query.split('=')[0] as string] });
  }
});

test('a release is for one that is parked, once', async () => {
  for (const id of [nobody('park'), nobody('chg'), 'park_1', '%00']) {
    expectProblem(await send(world, 'post', `/v1/parked/${id}/release`), { status: 404, code: 'parked_row_not_found' });
    expectProblem(await send(world, 'get', `/v1/parked/${id}`), { status: 404, code: 'parked_row_not_found' });
  }
  expectProblem(await send(world, 'post', `/v1/parked/${ids[0]}/release`, { body: { now: true } }), { ...INVALID, paths: ['now'] });
  for (const id of ids) {
    expect(await world.post(`/v1/parked/${id}/release`)).toMatchObject({ id, released_at: '2026-03-01T00:00:00.000Z' });
    expectProblem(await send(world, 'post', `/v1/parked/${id}/release`), { status: 409, code: 'parked_row_released' });
    expect(await world.get(`/v1/parked/${id}`)).toMatchObject({ id, released_at: '2026-03-01T00:00:00.000Z' });
  }
  expect(await listed('')).toEqual([]);
});
