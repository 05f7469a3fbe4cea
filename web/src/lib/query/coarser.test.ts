import { expect, test } from 'vitest';
import type { Frame } from '../data/frame';
import { coarser, covered, newestFirst } from './coarser';

const DAY = { from: 0, to: 86_400_000 };
const frame = (...times: unknown[]): Frame => ({
  refId: 'A',
  columns: [
    { name: 'a`b', type: 'DateTime', kind: 'time' },
    { name: 'n', type: 'UInt64', kind: 'number' },
  ],
  rows: times.map((time) => [time, 1]),
});

test.each([
  [[0, 21_600_000], 0.25],
  [[0], 0.01],
  [[null], 1],
  [[86_400_000, 0], 1],
])('rows of %j are of %d of a day', (times, part) => expect(covered(frame(...times), DAY)).toBe(part));

test.each([
  [60_000, 1, 120_000],
  [60_000, 0.25, 300_000],
  [60_000, 0.01, 7_200_000],
  [43_200_000, 1, null],
])('buckets of %d of which %d came become %s', (interval, part, expected) => {
  expect(coarser(interval, DAY, part)).toBe(expected);
});

test('the newest rows', () => {
  expect(newestFirst('SELECT 1 ;\n', frame(), 5)).toBe('SELECT * FROM (\nSELECT 1\n) ORDER BY `a\\`b` DESC LIMIT 5');
  expect(newestFirst('SELECT 1', { refId: 'A', columns: [], rows: [] }, 5)).toBeNull();
}); // prettier-ignore
