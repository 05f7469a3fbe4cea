import { expect, test } from 'vitest';
import { shares, stacked, type Layer } from './stack';

const layers = (...lines: [(number | null)[], string | null][]): Layer[] =>
  lines.map(([values, group]) => ({ values, group }));

test.each<[string, Layer[], (number | null)[][]]>([
  ['one', layers([[1, 2], 'A']), [[1, 2]]],
  ['the first is the highest', layers([[1, 2], 'A'], [[10, null], 'A']), [[11, 2], [10, null]]],
  ['a gap stays one', layers([[null, 2], 'A'], [[10, 20], 'A']), [[null, 22], [10, 20]]],
  ['groups apart', layers([[1], 'A'], [[10], 'B'], [[100], null], [[1000], 'A']), [[1001], [10], [100], [1000]]],
  ['what is below 0 hangs from it', layers([[1, 2], 'A'], [[-3, null], 'A'], [[-1, -1], 'A'], [[5, 5], 'A']), [[6, 7], [-4, null], [-1, -1], [5, 5]]],
])('%s', (_, given, expected) => expect(stacked(given)).toEqual(expected)); // prettier-ignore

test('parts of a whole', () => {
  const parts = shares(layers([[1, 0, null], 'A'], [[3, 0, 5], 'A'], [[7], null]));
  expect(parts.map(({ values }) => values)).toEqual([[0.25, 0, null], [0.75, 0, 1], [7]]);
});
