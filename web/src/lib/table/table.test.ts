import { expect, test } from 'vitest';
import { kindOf } from '../data/frame';
import { cellBackground, cellText, tableColumns } from './columns';
import { drawnColumns, visibleColumns } from './window';
import { columnWidths, fill, headerWidth, naturalWidths } from './width';
import { isBegun, isSet, NO_FILTER, nextSort, valueCounts, visibleRows, type ColumnFilter } from './view';

const columns = Object.entries({ id: 'UInt64', name: 'Nullable(String)' }).map(([name, type]) => ({ name, type, kind: kindOf(type) })); // prettier-ignore
const rows = [[1, 'Lena'], [10, 'Omar'], [2, null], [3, 'lena']]; // prettier-ignore

test.each<[string, Partial<ColumnFilter>, number[]]>([
  ['name', { operand: 'LEN' }, [1, 3]],
  ['name', { operator: '=', operand: 'Omar' }, [10]],
  ['name', { operator: '=', operand: 'omar' }, []],
  ['name', { operator: '=', operand: 'lena' }, [3]],
  ['name', { operator: '≠', operand: 'Lena' }, [10, 2, 3]],
  ['name', { operator: 'empty' }, [2]],
  ['name', { operator: 'not empty' }, [1, 10, 3]],
  ['name', { values: ['Lena', ''] }, [1, 2]],
  ['id', { operator: '>', operand: '2' }, [10, 3]],
  ['id', { operator: '<', operand: '2' }, [1]],
  ['absent', { operand: 'x' }, [1, 10, 2, 3]],
])('%s with %j', (name, filter, expected) => {
  const kept = visibleRows(columns, rows, { [name]: { ...NO_FILTER, ...filter } }, undefined);
  expect(kept.map(([id]) => id)).toEqual(expected);
});

test('an operator that was chosen first is kept', () => {
  const chosen = { ...NO_FILTER, operator: '=' as const };
  expect([isBegun(NO_FILTER), isSet(chosen), isBegun(chosen)]).toEqual([false, false, true]);
});

test.each([
  [undefined, [1, 10, 2, 3]],
  ['id', [1, 2, 3, 10]],
  ['-id', [10, 3, 2, 1]],
  ['absent', [1, 10, 2, 3]],
])('sorted by %s', (sort, expected) => {
  expect(visibleRows(columns, rows, {}, sort).map(([id]) => id)).toEqual(expected);
});

test('sorting goes round', () => {
  expect([nextSort(undefined, 'a'), nextSort('a', 'a'), nextSort('-a', 'a'), nextSort('b', 'a')]).toEqual(['a', '-a', null, 'a']); // prettier-ignore
});

test('values by count', () => {
  expect(valueCounts([['b'], ['a'], ['b'], [null]], 0)).toEqual([{ text: 'b', count: 2 }, { text: '', count: 1 }, { text: 'a', count: 1 }]); // prettier-ignore
});

const gauge = (config: object) =>
  tableColumns({ fieldConfig: { defaults: config } }, { refId: 'A', columns, rows })[0]!;

test.each([
  [{}, 5, 'red', null],
  [{ custom: { cellOptions: { type: 'color-background' } } }, 5, 'red', 'color-mix(in srgb, red 22%, transparent)'],
  [{ custom: { cellOptions: { type: 'color-background' } } }, 5, null, null],
  [{ custom: { cellOptions: { type: 'gauge' } } }, 5, 'red', 'linear-gradient(90deg, color-mix(in srgb, red 25%, transparent) 50%, transparent 50%)'],
  [{ custom: { displayMode: 'lcd-gauge' }, max: 5 }, 9, 'red', 'linear-gradient(90deg, color-mix(in srgb, red 25%, transparent) 100%, transparent 100%)'],
  [{ custom: { cellOptions: { type: 'gauge' } } }, null, 'red', null],
])('%j of %j in %j', (config, value, color, expected) => {
  expect(cellBackground(value, gauge(config), color)).toBe(expected);
}); // prettier-ignore

const cellOf = (config: object) =>
  tableColumns({ fieldConfig: { defaults: config } }, { refId: 'A', columns, rows })[1]!;
const JSON_VIEW = { custom: { cellOptions: { type: 'json-view' } } };
const FIXED = { mode: 'fixed', fixedColor: 'red' };

test.each([
  [{}, '{"a":1}', { text: '{"a":1}' }],
  [JSON_VIEW, '{"a":[1,2]}', { text: '{\n "a": [\n  1,\n  2\n ]\n}' }],
  [JSON_VIEW, [1], { text: '[\n 1\n]' }],
  [JSON_VIEW, '{"a":', { text: '{"a":' }],
  [JSON_VIEW, 'plain', { text: 'plain' }],
  [JSON_VIEW, `["${'x'.repeat(3000)}"]`, { text: `["${'x'.repeat(498)}…` }],
  [{}, 'x'.repeat(600), { text: `${'x'.repeat(500)}…` }],
  [{ color: FIXED }, 'a', { color: null }],
  [{ color: FIXED, custom: { cellOptions: { type: 'color-text' } } }, 'a', { color: 'var(--bad)' }],
  [{ color: FIXED, custom: { displayMode: 'color-background' } }, null, { color: null }],
])('with %j the cell of %j', (config, value, expected) => {
  expect(cellText(value, cellOf(config), 'utc')).toMatchObject(expected);
});

test.each([
  [0, 250, 0, 4],
  [0, 5000, 0, 5],
  [99, 100, 0, 3],
  [100, 100, 0, 3],
  [250, 100, 1, 5],
  [400, 100, 3, 5],
])('scrolled by %i, %i px show columns from %i to %i', (scrollPx, widthPx, first, end) => {
  expect(visibleColumns([100, 100, 100, 100, 100], scrollPx, widthPx)).toEqual({ first, end });
});

test('what is frozen is drawn wherever one has scrolled', () => {
  const widths = [100, 100, 100, 100, 100];
  expect(drawnColumns(widths, 0, 150, true)).toEqual([0, 1, 2]);
  expect(drawnColumns(widths, 400, 100, true)).toEqual([0, 3, 4]);
  expect(drawnColumns(widths, 400, 100, false)).toEqual([3, 4]);
});

test('widths', () => {
  const [id, name] = naturalWidths(columns, [0, 1], [[5, 'x'.repeat(500)]]);
  expect(id).toBe(56);
  expect(name).toBe(420);
  expect(fill([100, 100], [true, false], 300)).toEqual([100, 200]);
  expect(fill([100, 100], [false, false], 150)).toEqual([100, 100]);
});

test('where there is little room, a column is no wider than it needs', () => {
  const [, name] = tableColumns({ fieldConfig: { defaults: { custom: { width: 240 } } } }, { refId: 'A', columns, rows });
  expect(columnWidths([name!], rows, {}, 0)).toEqual([240]);
  expect(columnWidths([name!], rows, {}, 0, true)).toEqual([65]);
  expect(columnWidths([name!], [[1, 'x'.repeat(99)]], {}, 0, true)).toEqual([240]);
  expect(columnWidths([name!], rows, { name: 300 }, 0, true)).toEqual([300]);
}); // prettier-ignore

test.each([
  ['project_id', null, 101],
  ['Working time', '(h)', 140],
  ['Job', null, 51],
])('the header %s %s is %i px wide', (name, unit, expected) => {
  expect(headerWidth(name, unit)).toBe(expected);
});
