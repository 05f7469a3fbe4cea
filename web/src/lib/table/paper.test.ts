import { expect, test } from 'vitest';
import { LINE_LETTERS, lettersOf, sharesOf } from './paper';

test('columns are as wide as their texts', () => {
  expect(lettersOf(['Id', 'Name'], [['1', 'Lena'], ['12345', 'x'.repeat(500)]])).toEqual([7, 72]); // prettier-ignore
});

test.each([
  [[10, 30], [25, 75]],
  // A long one has what the others leave.
  [[15, 15, 400], [15, 15, LINE_LETTERS - 30].map((n) => (100 * n) / LINE_LETTERS)],
  [Array(30).fill(20), Array(30).fill(100 / 30)],
])('%j letters have %j percent', (letters, expected) => {
  const shares = sharesOf(letters as number[]);
  (expected as number[]).forEach((share, at) => expect(shares[at]).toBeCloseTo(share));
  expect(shares.reduce((a, b) => a + b)).toBeCloseTo(100);
}); // prettier-ignore
