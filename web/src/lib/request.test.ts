import { expect, test } from 'vitest';
import { kindOf, type Frame } from './data/frame';
import { eventIn, eventQuery, eventsQuery, peopleQuery, requestOf, type WholeEvent } from './request';

const frame = (types: Record<string, string>, rows: unknown[][]): Frame => ({
  refId: 'A',
  columns: Object.entries(types).map(([name, type]) => ({ name, type, kind: kindOf(type) })),
  rows,
});

const TIME = "DateTime64(3, 'Etc/UTC')";
const [ID, OTHER] = ['6f2c2c35-6a0e-4f4f-9f57-3b0b8f5e2a11', '0b8f5e2a-6a0e-4f4f-9f57-3b0b8f5e2a11'];

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
  [
    'by its place',
    { timestamp: TIME, request_id: 'Nullable(String)', position: 'Nullable(UInt64)' },
    [1000, ID, 7],
    'request_id = {request_id:String} AND position = {position:UInt64}',
    { request_id: ID, position: 7 },
  ],
  ['of a sum over a day', { Day: 'Date', user_id: 'UInt64' }, [1000, 5], null, {}],
  ['of a time alone', { timestamp: TIME, events: 'UInt64' }, [1000, 5], null, {}],
])('the event of a row %s', (_, types, row, conditions, params) => {
  const asked = eventQuery(frame(types, [row]), 0);
  if (conditions === null) return expect(asked).toBeNull();
  expect(asked!.sql.split('(timestamp) AND ')[1]).toBe(conditions);
  expect(asked!.options).toEqual({ range: { from: 1000, to: 1000 }, params, limit: 1000 });
});

const EVENT = { timestamp: TIME, scope: 'String', source: 'String', user_id: 'Nullable(UInt64)', payload: 'Nullable(String)', request_id: 'Nullable(String)', position: 'Nullable(UInt64)' }; // prettier-ignore
const row = (requestId: string, position: number | null) => [1000, 'a:b', 'client', 5, null, requestId, position]; // prettier-ignore

test.each<[string, unknown[][], string | null]>([
  ['one', [row(ID, 7)], `1000_${ID}_7`],
  ['none', [], null],
  ['two of one request', [row(ID, 7), row(ID, 8)], `1000_${ID}_7`],
  ['two of two requests', [row(ID, 7), row(OTHER, 8)], null],
])('of %s the event is', (_, rows, expected) => {
  expect(eventIn(frame(EVENT, rows))?.key ?? null).toBe(expected);
});

test('an event says what it is', () => {
  const payload = '{"request": {"id": "7"}}';
  const found = eventIn(frame(EVENT, [[1000, 'a:b', 'server', null, payload, ID, null]]))!;
  expect(found).toMatchObject({ atMs: 1000, scope: 'a:b', source: 'server', userId: null, requestId: ID });
  expect(found.payload).toEqual({ request: { id: '7' } });
  expect(found.key).toMatch(new RegExp(`^1000_${ID}_h\\w+$`));
});

const event = (source: string, payload: unknown, scope = 'a:b'): WholeEvent => ({
  key: 'k',
  atMs: 1000,
  scope,
  source,
  userId: 5,
  userName: null,
  requestId: ID,
  payload: payload as WholeEvent['payload'],
});

test.each<[string, WholeEvent, string | null, boolean | null]>([
  ['a browser', event('client', null), ID, true],
  ['a browser that claims another', event('client', { request: { id: '7' } }), ID, true],
  ['working time', event('server', { working_time: 5 }, 'send:working_time'), ID, true],
  ['a server that names it', event('server', { request: { id: OTHER } }), OTHER, false],
  ['a server that names it otherwise', event('server', { request: { id: 'job 7' } }), 'job 7', false],
  ['a server that names none', event('server', { a: 1 }), null, null],
  ['a server without a payload', event('server', null), null, null],
  ['a server that names nothing', event('server', { request: { id: '' } }), null, null],
])('the request of %s', (_, event, id, isBrought) => {
  const found = requestOf(event);
  expect([found?.place.id ?? null, found?.isBrought ?? null]).toEqual([id, isBrought]);
});

test('events of a request are looked for a day on both sides', () => {
  const { sql, options } = eventsQuery({ id: ID.toUpperCase(), atMs: 86_400_000, event: null });
  expect(options.range).toEqual({ from: 0, to: 2 * 86_400_000 });
  expect(options.params).toEqual({ request: ID.toUpperCase(), uuid: ID });
  expect(sql).toContain('request_id = {uuid:String} AND (');
  const named = eventsQuery({ id: 'job 7', atMs: 0, event: null });
  expect(named.options.params).toEqual({ request: 'job 7' });
  expect(named.sql).not.toContain('uuid');
  expect(peopleQuery({ id: ID, atMs: 0, event: null }).options.params).toEqual({ request: ID });
});
