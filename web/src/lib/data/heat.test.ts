import { expect, test } from 'vitest';
import type { GrafanaPanel } from '../model/grafana';
import { kindOf, type Frame } from './frame';
import { cellAt, heatColor, heatOf, heatPaths, strengthOf, walkedCells, type HeatOptions } from './heat';

const frame = (types: Record<string, string>, ...rows: unknown[][]): Frame => ({
  refId: 'A',
  columns: Object.entries(types).map(([name, type]) => ({ name, type, kind: kindOf(type) })),
  rows,
});
const HOUR = 3_600_000;
const RANGE = { from: 0, to: 4 * HOUR };
const LONG = { time: 'DateTime', who: 'String', n: 'UInt8' };

const said = (panel: GrafanaPanel, given: Frame) => {
  const heat = heatOf(panel, [given], RANGE, 'utc');
  return heat && heat.rows.map(({ name, values }) => `${name}: ${values.map((value) => value ?? '–').join(' ')}`); // prettier-ignore
};

test.each<[string, GrafanaPanel, Frame, string[] | null]>([
  ['a row for each label', {}, frame(LONG, [0, 'b', 1], [HOUR, 'a', 2]), ['b: 1 –', 'a: – 2']],
  ['the other way round', { options: { yAxis: { reverse: true } } }, frame(LONG, [0, 'b', 1], [HOUR, 'a', 2]), ['a: – 2', 'b: 1 –']],
  ['numbers in their order', {}, frame({ time: 'DateTime', '10.5': 'UInt8', '5.5': 'UInt8' }, [0, 1, 2]), ['5.5: 2', '10.5: 1']],
  ['nothing is no cell', {}, frame(LONG, [0, 'a', 0], [HOUR, 'a', 5]), ['a: – 5']],
  ['values by their size', { options: { calculate: true, calculation: { xBuckets: { mode: 'size', value: '2h' }, yBuckets: { mode: 'size', value: '10' } } } },
    frame({ time: 'DateTime', n: 'UInt8' }, [0, 5], [HOUR, 15], [2 * HOUR, 15], [2 * HOUR, 16]), ['0 – 10: 1 – –', '10 – 20: 1 2 –']],
  ['values by powers', { options: { calculate: true, calculation: { xBuckets: { mode: 'size', value: '4h' }, yBuckets: { scale: { type: 'log', log: 10 } } } } },
    frame({ time: 'DateTime', n: 'UInt16' }, [0, 5], [0, 0], [0, 200]), ['1 – 10: 2 –', '10 – 100: – –', '100 – 1,000: 1 –']],
  ['no time', {}, frame({ n: 'UInt8' }, [1]), null],
])('%s', (_, panel, given, expected) => expect(said(panel, given)).toEqual(expected)); // prettier-ignore

test('a day of 23 hours is as wide as it is, and what is missing is no wide column', () => {
  const days = [0, 24, 47, 71, 143].map((hours) => hours * HOUR);
  const given = frame(LONG, ...days.map((day) => [day, 'a', 1]));
  const heat = heatOf({}, [given], { from: 0, to: 167 * HOUR }, 'utc')!;
  const drawn = heat.times.flatMap((time, i) => (heat.rows[0]!.values[i] === null ? [] : [[time / HOUR, heat.widths[i]! / HOUR]])); // prettier-ignore
  expect(drawn).toEqual([[0, 24], [24, 23], [47, 24], [71, 24], [143, 24]]); // prettier-ignore
});

const heat = heatOf({}, [frame(LONG, [0, 'a', 1], [HOUR, 'a', 4], [0, 'b', 2])], RANGE, 'utc')!;

test.each<[HeatOptions, number]>([
  [{}, 0.5],
  [{ color: { scale: 'linear' } }, 0.25],
  [{ color: { reverse: true } }, 0.5],
  [{ color: { exponent: 1 } }, 0.25],
])('with %j a quarter is %d strong', (options, expected) => {
  expect(strengthOf(1, heat, options)).toBe(expected);
});

test.each([
  [{}, 'blue'],
  [{ color: { scheme: 'Oranges' } }, 'orange'],
  [{ color: { mode: 'opacity', fill: 'red' } }, 'red'],
])('%j is %s', (options, color) => expect(heatColor(options)).toBe(color));

test('cells of one strength are one path', () => {
  const paths = heatPaths(heat, RANGE, { x: 0, y: 0 }, {});
  expect(paths.map(({ d }) => d)).toEqual(['M0 500h250v500h-250z', 'M250 500h250v500h-250z', 'M0 0h250v500h-250z']); // prettier-ignore
  expect(paths[1]!.opacity).toBe(1);
});

test.each([
  ['ArrowRight', [0, 0], [0, 1]],
  ['ArrowRight', [0, 1], [0, 1]],
  ['ArrowUp', [0, 1], [1, 1]],
  ['ArrowDown', [0, 1], [0, 1]],
  ['End', [1, 0], [1, 1]],
  ['x', [0, 0], null],
])('%s leads from %j to %j', (key, [row, column], expected) => {
  const to = walkedCells(key, { row: row!, column: column! }, heat);
  expect(to && [to.row, to.column]).toEqual(expected);
});

test.each([
  [0.1, 0.1, [1, 0]],
  [0.3, 0.9, [0, 1]],
  [0.9, 0.9, null],
])('at %d, %d is the cell %j', (x, y, expected) => {
  const at = cellAt(x, y, heat, RANGE);
  expect(at && [at.row, at.column]).toEqual(expected);
});
