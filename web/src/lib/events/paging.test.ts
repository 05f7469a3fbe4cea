import { describe, expect, test } from 'vitest';
import type { Answer } from '../api/client';
import { kindOf, type Frame } from '../data/frame';
import { Params } from './conditions';
import { eventPlace, rowKeys } from './identity';
import { eventList } from './list';
import { nextPage, windows, type AskedPage } from './pages';
import { fresh, merged, next, orderOf } from './paging';

const frame = (types: Record<string, string>, rows: unknown[][]): Frame => ({
  refId: 'A',
  columns: Object.entries(types).map(([name, type]) => ({ name, type, kind: kindOf(type) })),
  rows,
});

const EVENT = { timestamp: "DateTime64(3, 'Etc/UTC')", scope: 'String', duration: 'Nullable(UInt32)', request_id: 'Nullable(String)', position: 'Nullable(UInt64)' }; // prettier-ignore
const events = (...rows: unknown[][]) => frame(EVENT, rows);
const RANGE = { from: 0, to: 100_000 };

describe('identity', () => {
  test.each<[string, Frame, string[]]>([
    ['by position', events([5, 'a', 1, 'r', 7], [5, 'a', 1, 'r', 8]), ['5_r_7', '5_r_8']],
    ['of a sum by what it is of', frame({ scope: 'String', n: 'UInt64' }, [['a', 1], ['b', 1]]), []], // prettier-ignore
  ])('%s', (_, of, expected) => {
    const keys = rowKeys(of);
    if (expected.length > 0) expect(keys).toEqual(expected);
    expect(new Set(keys).size).toBe(of.rows.length);
  });

  test('without a position by what the row says, twins by their order', () => {
    const twins = rowKeys(events([5, 'a', 1, 'r', null], [5, 'a', 1, 'r', null], [5, 'b', 1, 'r', null]));
    expect(twins[0]).toMatch(/^5_r_h\w+$/);
    expect(twins[1]).toBe(`${twins[0]}-1`);
    expect(twins[2]).not.toContain('-');
  });

  test('a figure that changes is of the same row', () => {
    const sums = (n: number) => rowKeys(frame({ scope: 'String', user_id: 'UInt64', n: 'UInt64' }, [['a', 5, n]])); // prettier-ignore
    expect(sums(1)).toEqual(sums(2));
    expect(rowKeys(frame({ n: 'UInt64' }, [[1]]))).not.toEqual(rowKeys(frame({ n: 'UInt64' }, [[2]])));
  });

  test.each([
    ['5_6f-2c_7', { atMs: 5, requestId: '6f-2c', position: 7 }],
    ['-5_6f-2c_h1a-1', { atMs: -5, requestId: '6f-2c', position: null }],
    ['h1a', null],
    ['5', null],
  ])('%s', (key, expected) => expect(eventPlace(key)).toEqual(expected));
});

test.each([
  [undefined, { sql: undefined, column: null, isDescending: true }],
  ['-timestamp', { sql: undefined, column: null, isDescending: true }],
  ['timestamp', { sql: 'timestamp ASC', column: null, isDescending: false }],
  ['-duration', { sql: 'duration DESC, timestamp DESC', column: 'duration', isDescending: true }],
  ['a b', { sql: '"a b" ASC, timestamp DESC', column: 'a b', isDescending: false }],
])('sorted by %s', (sort, expected) => expect(orderOf(sort)).toEqual(expected));

const T = 'fromUnixTimestamp64Milli({p0:Int64})';
const BEHIND = `timestamp <= ${T} AND (timestamp < ${T} OR position < {p1:UInt64})`;

test.each<[string, string | undefined, unknown[], ReturnType<typeof next>]>([
  ['the newest first', undefined, [5500, 'a', 1, 'r', 7], { conditions: [BEHIND], range: { from: 0, to: 6000 }, nRepeated: 0 }],
  [
    'the oldest first',
    'timestamp',
    [5500, 'a', 1, 'r', 7],
    { conditions: [BEHIND.replaceAll('timestamp <', 'timestamp >')], range: { from: 5500, to: 100_000 }, nRepeated: 0 },
  ],
  [
    'by another column',
    '-duration',
    [5500, 'a', 30, 'r', 7],
    { conditions: [`duration < {p2:UInt32} OR duration IS NULL OR (duration = {p2:UInt32} AND ${BEHIND})`], range: RANGE, nRepeated: 0 },
  ],
  [
    'among those without a value',
    '-duration',
    [5500, 'a', null, 'r', 7],
    { conditions: [`duration IS NULL AND ${BEHIND}`], range: RANGE, nRepeated: 0 },
  ],
  ['without positions', undefined, [5500, 'a', 1, 'r', null], { conditions: [`timestamp <= ${T}`], range: { from: 0, to: 6000 }, nRepeated: 2 }],
  ['by a column that is gone', 'gone', [5500, 'a', 1, 'r', 7], null],
])('%s', (_, sort, last, expected) => {
  const loaded = events([5500, 'z', 2, 'r', null], last);
  expect(next(loaded, orderOf(sort), RANGE, new Params())).toEqual(expected);
}); // prettier-ignore

test('nothing comes after nothing', () => {
  expect(next(events(), orderOf(undefined), RANGE, new Params())).toBeNull();
});

test('what comes again is left out, twins are not', () => {
  const loaded = events([9, 'a', 1, 'r', null], [5, 'a', 1, 'r', null]);
  const page = events([5, 'a', 1, 'r', null], [5, 'a', 1, 'r', null], [4, 'a', 1, 'r', null]);
  expect(fresh(loaded, page, 1).map(([at]) => at)).toEqual([5, 4]);
});

test.each<[string, number[], number[], number[]]>([
  ['new ones come in front', [9, 8, 7], [8, 7, 6, 5], [9, 8, 7, 6, 5]],
  ['nothing is new', [8, 7], [8, 7, 6], [8, 7, 6]],
  ['what was deleted goes', [9, 7], [8, 7, 6], [9, 7, 6]],
  ['nothing is known between them', [19, 18], [8, 7, 6], [19, 18]],
])('after a refresh: %s', (_, newest, before, expected) => {
  const at = (times: number[]) => events(...times.map((time) => [time, 'a', 1, 'r', time]));
  expect(merged(at(newest), at(before)).rows.map(([time]) => time)).toEqual(expected);
});

test.each<[number[] | null, number[]]>([
  [null, [940_000, 520_000, 0]],
  [
    [900_000, 890_000],
    [940_000, 520_000, 0],
  ],
  [
    [900_000, 600_000],
    [400_000, 0],
  ],
])('after %j looks begin at %j', (times, expected) => {
  const loaded = times && events(...times.map((time) => [time, 'a', 1, 'r', time]));
  const found = windows({ from: 0, to: 1_000_000 }, loaded);
  expect(found.map(({ from }) => from)).toEqual(expected);
  expect(new Set(found.map(({ to }) => to))).toEqual(new Set([1_000_000]));
});

describe('pages', () => {
  /** A server with an event each second, the newest at 999 s, that answers as `asked` says. */
  const server =
    (asked: AskedPage[], nMost = Infinity) =>
    async (page: AskedPage): Promise<Answer> => {
      asked.push(page);
      const before = page.params.p0 === undefined ? Infinity : Number(page.params.p0);
      const all = Array.from({ length: 1000 }, (_, n) => (999 - n) * 1000);
      const found = all.filter((at) => at >= page.range.from && at <= page.range.to && at < before);
      const rows = found.slice(0, Math.min(page.limit, nMost)).map((at) => [at, 'a', 1, 'r', at]);
      const truncated = nMost < page.limit && found.length > nMost;
      return { frame: events(...rows), stats: { rows: rows.length, rows_read: 0, cached_rows: 0, elapsed_ms: 1, truncated } }; // prettier-ignore
    };
  const list = eventList('SELECT * FROM events WHERE 1 = 1 ORDER BY timestamp DESC LIMIT 10')!;
  const range = { from: 0, to: 1_000_000 };

  async function all(nRows: number, nMost?: number) {
    const asked: AskedPage[] = [];
    const query = {
      list,
      order: orderOf(undefined),
      range,
      conditionsOf: () => [],
      ask: server(asked, nMost),
    };
    const times: unknown[] = [];
    let loaded: Frame | null = null;
    for (;;) {
      const page = await nextPage(query, loaded, nRows);
      times.push(...page.frame.rows.map(([at]) => at));
      if (page.isEnd) return { times, asked };
      loaded = page.frame;
    }
  }

  test.each([
    [100, undefined],
    [333, undefined],
    [5000, undefined],
    // The server gives fewer rows than are asked for.
    [100, 70],
  ])('of %i rows (at most %s) have each event once', async (nRows, nMost) => {
    const { times } = await all(nRows, nMost);
    expect(times).toEqual(Array.from({ length: 1000 }, (_, n) => (999 - n) * 1000));
  });

  test('are looked for where they lie', async () => {
    const { asked } = await all(10);
    const widths = asked.slice(5, 50).map(({ range }) => range.to - range.from);
    expect(Math.max(...widths)).toBeLessThan(100_000);
  });
});
