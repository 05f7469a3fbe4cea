import { expect, test } from 'vitest';
import { sparkOf } from './spark';

test.each([
  [[0, 5, 10], [1, 4, 2], 'M0 75L50 0L100 50', 'M0 100L0 75L50 0L100 50L100 100Z'],
  [[10, 0], [4, 2], 'M0 50L100 0', 'M0 100L0 50L100 0L100 100Z'],
  [[0, 5, 10], [-2, null, 2], 'M0 100L100 0', 'M0 50L0 100L100 0L100 50Z'],
  [
    [0, 1, 9, 10],
    [2, 1, 1, 2],
    'M0 0L10 50M90 50L100 0',
    'M0 100L0 0L10 50L10 100ZM90 100L90 50L100 0L100 100Z',
  ],
  [[0, 10], [0, 0], 'M0 100L100 100', 'M0 100L0 100L100 100L100 100Z'],
])('%j with %j is drawn', (times, values, line, area) => {
  expect(sparkOf(times, values, { from: 0, to: 10 })).toEqual({ line, area });
});

test('one value has no course', () => {
  expect(sparkOf([1, null, 2], [1, 2, null], { from: 0, to: 10 })).toBeNull();
});
