import { expect, test, vi } from 'vitest';
import { clockText, correction, heardOffset, narrowed, ServerClock } from './clock';

const MINUTE = 60_000;

test.each([
  ['a clock that is right', 10_000, 10_300, 10_500, 0],
  ['one that is a minute behind', 70_000, 10_300, 10_500, MINUTE + 100],
  ['one that is an hour ahead', 10_000, 3_610_000, 3_610_400, -3_599_700],
  ['a slow answer says little', 12_000, 10_000, 40_000, 0],
])('%s', (_, dateMs, askedMs, receivedMs, expected) => {
  expect(correction(heardOffset(dateMs, askedMs, receivedMs))).toBe(expected);
});

test('each answer makes it more certain', () => {
  const first = heardOffset(100_000, 10_000, 14_000);
  const second = heardOffset(105_000, 15_900, 16_000);
  const both = narrowed(first, second);
  expect(both.most - both.least).toBeLessThanOrEqual(second.most - second.least);
  expect(narrowed(both, first)).toEqual(both);
});

test('a clock that was set is believed anew', () => {
  const before = heardOffset(100_000, 10_000, 10_100);
  const after = heardOffset(200_000, 200_000, 200_100);
  expect(correction(narrowed(before, after))).toBe(0);
});

test.each([
  [0, ''],
  [29_000, ''],
  [-29_000, ''],
  [31_000, '1 minute behind'],
  [5 * MINUTE, '5 minutes behind'],
  [-90 * MINUTE, '2 hours ahead of'],
  [-4 * 86_400_000, '4 days ahead of'],
])('a correction of %d ms is told as %j', (ms, words) => {
  const text = clockText(ms);
  if (words === '') expect(text).toBe('');
  else expect(text).toContain(`This browser’s clock is ${words} the server’s`);
});

test('the page goes by the server', () => {
  vi.useFakeTimers({ now: 1_000_000 });
  const clock = new ServerClock();
  const told: number[] = [];
  clock.onchange = (ms) => told.push(ms);
  expect(clock.now()).toBe(1_000_000);
  clock.hear(4_600_000, 999_900, 1_000_000);
  expect(clock.now()).toBeGreaterThan(4_599_000);
  expect(told).toHaveLength(1);
  clock.hear(4_600_000, 999_900, 1_000_000);
  expect(told).toHaveLength(1);
  vi.useRealTimers();
});
