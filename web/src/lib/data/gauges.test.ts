import { expect, test } from 'vitest';
import type { FieldConfig, GrafanaPanel } from '../model/grafana';
import { kindOf, type Frame } from './frame';
import { gaugesOf, gaugeSteps } from './gauges';

const frame = (types: Record<string, string>, ...rows: unknown[][]): Frame => ({
  refId: 'A',
  columns: Object.entries(types).map(([name, type]) => ({ name, type, kind: kindOf(type) })),
  rows,
});
const PEOPLE = frame({ who: 'String', hours: 'Float64' }, ['Lena', 8], ['Omar', 4], ['', null]);
const rows: GrafanaPanel = { options: { reduceOptions: { values: true } } };
const defaults = (defaults: FieldConfig, panel: GrafanaPanel = {}) => ({ ...panel, fieldConfig: { defaults } }); // prettier-ignore

test.each<[string, GrafanaPanel, Frame, string[]]>([
  ['fields, the last value', {}, PEOPLE, ['hours 4 100%']],
  ['fields, another reducer', { options: { reduceOptions: { calcs: ['sum'] } } }, PEOPLE, ['hours 12 100%']],
  ['rows', rows, PEOPLE, ['Lena 8 100%', 'Omar 4 50%', '(none) – 0%']],
  ['rows, at most so many', { options: { reduceOptions: { values: true, limit: 1 } } }, PEOPLE, ['Lena 8 100%']],
  ['the ends of the file', defaults({ min: 0, max: 16, unit: 'h' }, rows), PEOPLE, ['Lena 8 h 50%', 'Omar 4 h 25%', '(none) – 0%']],
  ['a share of one', defaults({ unit: 'percentunit' }, rows), frame({ w: 'String', n: 'Float64' }, ['a', 0.5]), ['a 50% 50%']],
  ['several fields of a row', rows, frame({ who: 'String', a: 'UInt8', b: 'UInt8' }, ['x', 1, 2]), ['x · a 1 50%', 'x · b 2 100%']],
  ['below zero', rows, frame({ w: 'String', n: 'Int8' }, ['a', -5], ['b', 5]), ['a -5 0%', 'b 5 100%']],
  ['only zeros', rows, frame({ w: 'String', n: 'Int8' }, ['a', 0]), ['a 0 0%']],
  ['no number', {}, frame({ w: 'String' }, ['a']), []],
])('%s', (_, panel, given, expected) => {
  expect(gaugesOf(panel, [given], 'utc').map(({ name, text, share }) => `${name} ${text} ${100 * share}%`)).toEqual(expected);
}); // prettier-ignore

const steps = [
  { color: 'green', value: null },
  { color: 'red', value: 6 },
];

test.each<[FieldConfig, (string | null)[], string[]]>([
  [{}, [null, null, null], []],
  [{ thresholds: { mode: 'absolute', steps }, max: 10 }, ['var(--bad)', null, null], ['0 var(--series-1)', '0.6 var(--bad)']],
  [{ thresholds: { mode: 'absolute', steps } }, ['var(--bad)', null, null], []],
  [{ thresholds: { mode: 'percentage', steps } }, ['var(--bad)', null, null], ['0 var(--series-1)', '0.06 var(--bad)']],
  [{ color: { mode: 'fixed', fixedColor: 'blue' } }, ['var(--series-1)', 'var(--series-1)', 'var(--series-1)'], []],
])('colours of %j', (config, colors, along) => {
  const gauges = gaugesOf(defaults(config, rows), [PEOPLE], 'utc');
  expect(gauges.map(({ color }) => color)).toEqual(colors);
  expect(gaugeSteps(gauges[0]!).map(({ at, color }) => `${at} ${color}`)).toEqual(along);
}); // prettier-ignore
