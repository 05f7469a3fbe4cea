import { expect, test } from 'vitest';
import { kindOf, type Frame } from './data/frame';
import { eventsOptions, requestIn, requestQuery } from './request';

const frame = (types: Record<string, string>, rows: unknown[][]): Frame => ({
  refId: 'A',
  columns: Object.entries(types).map(([name, type]) => ({ name, type, kind: kindOf(type) })),
  rows,
});

const TIME = "DateTime64(3, 'Etc/UTC')";

test.each<[string, Record<string, string>, unknown[], string | null, object]>([
  [
    'by all that it says',
    { timestamp: TIME, scope: 'String', user_id: 'Nullable(UInt64)', payload: 'Nullable(String)' },
    [1000, 'draw:object', 5, '{"a": 1}'],
    'scope = {scope:String} AND user_id = {user_id:UInt64} AND payload = {payload:String}',
    { scope: 'draw:object', user_id: 5, payload: '{"a": 1}' },
  ],
  [
    'where something is absent',
    { timestamp: TIME, source: 'String', job_id: 'Nullable(UInt64)' },
    [1000, 'client', null],
    'source = {source:String} AND job_id IS NULL',
    { source: 'client' },
  ],
  ['of a sum over a day', { Day: 'Date', user_id: 'UInt64' }, [1000, 5], null, {}],
  ['of a time alone', { timestamp: TIME, events: 'UInt64' }, [1000, 5], null, {}],
])('the request of a row %s', (_, types, row, conditions, params) => {
  const asked = requestQuery(frame(types, [row]), 0);
  if (conditions === null) return expect(asked).toBeNull();
  expect(asked!.sql.split('(timestamp) AND ')[1]).toBe(conditions);
  expect(asked!.options).toEqual({ range: { from: 1000, to: 1000 }, params, limit: 2 });
});

test.each([
  [[['a']], 'a'],
  [[['a'], ['b']], null],
  [[[null]], null],
  [[], null],
])('%j names %s', (rows, expected) => {
  expect(requestIn(frame({ request_id: 'Nullable(String)' }, rows))).toBe(expected);
});

test('events of a request are looked for a day on both sides', () => {
  const { range, params } = eventsOptions({ id: 'a', atMs: 86_400_000 });
  expect(range).toEqual({ from: 0, to: 2 * 86_400_000 });
  expect(params).toEqual({ request: 'a' });
});
