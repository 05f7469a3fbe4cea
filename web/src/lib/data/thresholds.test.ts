import { expect, test } from 'vitest';
import { thresholdMarks } from './thresholds';

const steps = [{ color: 'green', value: null }, { color: 'orange', value: 5 }, { color: 'red', value: 80 }]; // prettier-ignore
const marks = (mode: string, thresholds: object = { steps }) =>
  thresholdMarks({ thresholds, custom: { thresholdsStyle: { mode } } }, [0, 10]);

const LINE = { value: 5, color: 'var(--warning)' };
const AREAS = [
  { from: 0, to: 5, color: 'var(--good)' },
  { from: 5, to: 10, color: 'var(--warning)' },
];

test.each([
  ['off', [], false, []],
  ['odd', [], false, []],
  ['line', [LINE], false, []],
  ['dashed', [LINE], true, []],
  ['area', [], false, AREAS],
  ['dashed+area', [LINE], true, AREAS],
])('as %s', (mode, lines, isDashed, areas) => expect(marks(mode)).toEqual({ lines, isDashed, areas }));

test('parts of the range', () => {
  expect(marks('line', { mode: 'percentage', steps }).lines).toEqual([
    { value: 0.5, color: 'var(--warning)' },
    { value: 8, color: 'var(--bad)' },
  ]);
});

test('the base may be seen through', () => {
  const [base, ...others] = steps;
  expect(marks('area', { steps: [{ ...base, color: 'transparent' }, ...others] }).areas).toEqual([AREAS[1]]);
});
