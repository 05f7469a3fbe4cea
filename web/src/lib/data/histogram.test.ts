import { expect, test } from 'vitest';
import type { FieldConfig, GrafanaPanel } from '../model/grafana';
import { kindOf, type Frame } from './frame';
import { histogramOf } from './histogram';

const frame = (types: Record<string, string>, ...rows: unknown[][]): Frame => ({
  refId: 'A',
  columns: Object.entries(types).map(([name, type]) => ({ name, type, kind: kindOf(type) })),
  rows,
});
const numbers = (...values: unknown[]) => frame({ n: 'Float64' }, ...values.map((value) => [value]));
const said = (panel: GrafanaPanel, given: Frame) => {
  const found = histogramOf(panel, [given]);
  return found && `${found.begins[0]} by ${found.size}: ${found.series.map(({ name, counts }) => `${name} ${counts}`).join('; ')}`; // prettier-ignore
};

test.each<[string, GrafanaPanel, Frame, string | null]>([
  ['a size of the file', { options: { bucketSize: 10 } }, numbers(1, 9, 10, 35, null), '0 by 10: n 2,1,0,1'],
  ['an offset', { options: { bucketSize: 10, bucketOffset: 5 } }, numbers(1, 9, 10, 35), '-5 by 10: n 1,2,0,0,1'],
  ['so many', { options: { bucketCount: 4 } }, numbers(0, 4, 10, 20), '0 by 5: n 2,0,1,0,1'],
  ['counts have whole buckets', {}, numbers(1, 2, 2, 3), '1 by 1: n 1,2,1'],
  ['decimals', { options: { bucketSize: 0.1 } }, numbers(0.1, 0.3, 0.35), '0.1 by 0.1: n 1,0,2'],
  ['all the same', {}, numbers(7, 7), '7 by 1: n 2'],
  ['below zero', { options: { bucketSize: 5 } }, numbers(-6, 1), '-10 by 5: n 1,0,1'],
  ['two fields', { options: { bucketSize: 1 } }, frame({ a: 'UInt8', b: 'UInt8', t: 'String' }, [1, 2, 'x']), '1 by 1: a 1,0; b 0,1'],
  ['together', { options: { bucketSize: 1, combine: true } }, frame({ a: 'UInt8', b: 'UInt8' }, [1, 2]), '1 by 1: Count 1,1'],
  ['no value', {}, numbers(null), 'undefined by 1: '],
  ['no number', {}, frame({ t: 'String' }, ['x']), null],
])('%s', (_, panel, given, expected) => expect(said(panel, given)).toBe(expected)); // prettier-ignore

test('of times, buckets are round in the unit that is shown', () => {
  const config: FieldConfig = { unit: 'ms' };
  const found = histogramOf({ fieldConfig: { defaults: config } }, [numbers(0.5, 3_600_000, 36_000_000)])!;
  expect(found.size).toBe(1_800_000);
});

test('a size for other values makes no million buckets', () => {
  expect(histogramOf({ options: { bucketSize: 1 } }, [numbers(0, 1e9)])!.begins.length).toBeLessThan(100);
});
