import { describe, expect, it, test } from 'vitest';
import { csvOf } from './csv';
import { kindOf, precisionOf, type Frame } from './frame';
import { reduce } from './reduce';
import { linesOf, seriesLabel } from './series';
import { transform } from './transform';

const frame = (types: Record<string, string>, rows: unknown[][]): Frame => ({
  refId: 'A',
  columns: Object.entries(types).map(([name, type]) => ({ name, type, kind: kindOf(type) })),
  rows,
});

test.each([
  ['UInt64', 'number'],
  ['Nullable(Float64)', 'number'],
  ['LowCardinality(Nullable(String))', 'text'],
  ["DateTime64(3, 'Etc/UTC')", 'time'],
  ['Array(UInt8)', 'other'],
])('%s is %s', (type, expected) => expect(kindOf(type)).toBe(expected));

test.each([
  ["DateTime64(3, 'Etc/UTC')", 'ms'],
  ["DateTime64(0, 'Etc/UTC')", 's'],
  ["DateTime('Etc/UTC')", 's'],
  ['Nullable(Date32)', 'day'],
])('%s is precise to the %s', (type, expected) => expect(precisionOf(type)).toBe(expected));

describe('transformations', () => {
  const people = frame({ id: 'UInt64', name: 'String' }, [[2, 'b'], [1, 'a'], [3, null]]); // prettier-ignore
  const rows = (id: string, options: Record<string, unknown>) => transform(people, [{ id, options }]).rows;

  it('organize', () => {
    const options = { excludeByName: { id: true }, renameByName: { name: 'Name' } };
    const organized = transform(people, [{ id: 'organize', options }]);
    expect(organized.columns.map(({ name }) => name)).toEqual(['Name']);
    expect(organized.rows).toEqual([['b'], ['a'], [null]]);
    expect(rows('organize', { indexByName: { name: 0, id: 1 } })[0]).toEqual(['b', 2]);
  });
  it('sortBy, nothing last', () => {
    expect(rows('sortBy', { sort: [{ field: 'name' }] }).map(([id]) => id)).toEqual([1, 2, 3]);
    expect(rows('sortBy', { sort: [{ field: 'name', desc: true }] }).map(([id]) => id)).toEqual([2, 1, 3]);
  });
  it.each([
    ['greater', 1, 'include', [2, 3]],
    ['greater', 1, 'exclude', [1]],
    ['equal', '2', 'include', [2]],
    ['unknown', 2, 'include', [2, 1, 3]],
  ])('filterByValue %s %s %s', (id, value, type, expected) => {
    const filters = [{ fieldName: 'id', config: { id, options: { value } } }];
    expect(rows('filterByValue', { type, match: 'any', filters }).map(([id]) => id)).toEqual(expected);
  });
  it('reduce', () => {
    expect(rows('reduce', { reducers: ['sum', 'max'] })).toEqual([['id', 6, 3]]);
    expect(rows('reduce', { mode: 'reduceFields', reducers: ['sum'] })).toEqual([[6]]);
  });
  it('unknown and disabled ones change nothing', () => {
    expect(transform(people, [{ id: 'groupBy' }, { id: 'reduce', disabled: true }])).toEqual(people);
  });
});

test.each([
  ['lastNotNull', 5],
  ['last', null],
  ['sum', 8],
  ['mean', 4],
  ['median', 4],
  ['range', 2],
  ['count', 3],
])('%s of 3, 5 and nothing is %s', (id, expected) => expect(reduce(id, [3, 5, null])).toBe(expected));

describe('lines', () => {
  const range = { from: 0, to: 1000 };
  it('one for each value of a label, gaps filled with nothing', () => {
    const counts = frame({ t: 'DateTime', user: 'String', n: 'UInt64' }, [[0, 'a', 1], [100, 'b', 2], [300, 'a', 3]]); // prettier-ignore
    expect(linesOf([counts], range)).toEqual({
      times: [0, 100, 200, 300],
      stepMs: 100,
      series: [
        { name: 'a', column: 'n', labels: { user: 'a' }, values: [1, null, null, 3] },
        { name: 'b', column: 'n', labels: { user: 'b' }, values: [null, 2, null, null] },
      ],
    });
  });
  it('one for each column without labels, and nothing beyond the range', () => {
    const lines = linesOf([frame({ t: 'DateTime', a: 'UInt64', b: 'Float64' }, [[0, 1, 2], [9000, 3, 4]])], range); // prettier-ignore
    expect(lines!.series.map(({ name, values }) => [name, values])).toEqual([['a', [1]], ['b', [2]]]); // prettier-ignore
  });
  it('none without times', () => {
    expect(linesOf([frame({ a: 'UInt64' }, [[1]])], range)).toBeNull();
  });
});

test('CSV', () => {
  const rows = [[1_000, 'a "b"', -1, 86_400_000], [null, '=1+1', 0.5, null]]; // prettier-ignore
  const types = { t: 'DateTime', 'x,y': 'String', n: 'Float64', d: 'Date' };
  expect(csvOf(frame(types, rows), 'utc')).toBe(
    't,"x,y",n,d\r\n1970-01-01 00:00:01,"a ""b""",-1,1970-01-02\r\n,\'=1+1,0.5,\r\n',
  );
});

test.each([
  ['${__field.labels.user}', 'Lena'],
  ['${__field.labels["user"]}: ${__field.name}', 'Lena: Lena · n'],
  ['Events', 'Events'],
  ['', 'Lena · n'],
  [undefined, 'Lena · n'],
])('a line called %j is %j', (displayName, expected) => {
  expect(seriesLabel({ name: 'Lena · n', labels: { user: 'Lena' } }, displayName)).toBe(expected);
});
