import { describe, expect, it, test } from 'vitest';
import { timestampText, rangeText, tickText } from './format';
import { parseInstant } from './instant';
import { bucketMs, parseSpan, spanText } from './interval';
import * as range from './range';

/** A Tuesday. */
const NOW = Date.UTC(2026, 10, 24, 8, 41, 12, 317);
const iso = (instant: number | null) => (instant === null ? null : new Date(instant).toISOString());

test.each([
  ['now', 'from', '2026-11-24T08:41:12.317Z'],
  ['now-15m', 'from', '2026-11-24T08:26:12.317Z'],
  ['now-7d', 'from', '2026-11-17T08:41:12.317Z'],
  ['now-d', 'from', '2026-11-23T08:41:12.317Z'],
  ['now/d', 'from', '2026-11-24T00:00:00.000Z'],
  ['now/d', 'to', '2026-11-24T23:59:59.999Z'],
  ['now-1d/d', 'to', '2026-11-23T23:59:59.999Z'],
  ['now/w', 'from', '2026-11-23T00:00:00.000Z'],
  ['now-1w/w', 'to', '2026-11-22T23:59:59.999Z'],
  ['now-1M/M', 'from', '2026-10-01T00:00:00.000Z'],
  ['now-1M/M', 'to', '2026-10-31T23:59:59.999Z'],
  ['now/y+1h', 'from', '2026-01-01T01:00:00.000Z'],
  ['1795506548211', 'from', '2026-11-24T07:49:08.211Z'],
  ['2026-06-01', 'from', '2026-06-01T00:00:00.000Z'],
  ['2026-06-01', 'to', '2026-06-01T23:59:59.999Z'],
  ['2026-06-01 09:30', 'to', '2026-06-01T09:30:00.000Z'],
  ['2026-06-01T09:30:05.5', 'to', '2026-06-01T09:30:05.500Z'],
  ['2026-06-01T09:30:00+02:00', 'to', '2026-06-01T07:30:00.000Z'],
  ['soon', 'from', null],
  ['now-', 'from', null],
  ['now-1q', 'from', null],
  ['2026-13-01', 'from', null],
  ['', 'from', null],
] as const)('%s as %s is %s', (text, end, expected) => {
  expect(iso(parseInstant(text, end, NOW, 'utc'))).toBe(expected);
});

test('a month before the 31st is the last of a shorter month', () => {
  const end = Date.UTC(2026, 2, 31, 12);
  expect(iso(parseInstant('now-1M', 'from', end, 'utc'))).toBe('2026-02-28T12:00:00.000Z');
});

describe('ranges', () => {
  const day = { from: Date.UTC(2026, 10, 20), to: Date.UTC(2026, 10, 21) };

  it('refuses an empty range', () => {
    expect(range.resolve({ from: 'now', to: 'now-1h' }, NOW, 'utc')).toBeNull();
  });
  it('shifts by its own length', () => {
    expect(range.shift(day, -1, NOW, 'utc')).toEqual({ from: Date.UTC(2026, 10, 19), to: day.from });
    expect(range.shift(day, 1, NOW, 'utc')).toEqual({ from: day.to, to: Date.UTC(2026, 10, 22) });
  });
  it('does not shift into the future', () => {
    const latest = { from: NOW - 1000, to: NOW };
    expect(range.shift(latest, 1, NOW, 'utc')).toEqual(latest);
  });
  it('zooms out around the middle, and to the left at the present', () => {
    expect(range.zoomOut({ from: 1000, to: 2000 }, NOW)).toEqual({ from: 500, to: 2500 });
    expect(range.zoomOut({ from: NOW - 1000, to: NOW }, NOW)).toEqual({ from: NOW - 2000, to: NOW });
  });
  it.each([
    [{ from: 'now-7d', to: 'now' }, 'Last 7 days'],
    [{ from: 'now-3h', to: 'now-1h' }, 'now-3h – now-1h'],
    [{ from: '2026-06-01', to: '2026-06-07' }, '1 Jun – 7 Jun'],
    [{ from: '2025-06-01', to: '2025-06-01' }, '1 Jun 2025'],
    [{ from: '2026-06-01 09:30', to: '2026-06-01 17:00' }, '1 Jun 09:30 – 17:00'],
    [{ from: 'x', to: 'y' }, 'Time range'],
  ])('describes %o as %s', (raw, expected) => {
    expect(range.describe(raw, NOW, 'utc')).toBe(expected);
  });
});

test.each([
  [7 * 86_400_000, 400, 0, 1_800_000],
  [3_600_000, 1000, 0, 5_000],
  [3_600_000, 1000, 60_000, 60_000],
  [90 * 86_400_000, 200, 0, 12 * 3_600_000],
])('%d ms in %d points are buckets of %d', (length, points, least, expected) => {
  expect(bucketMs(length, points, least)).toBe(expected);
});

test.each([
  ['30s', 30_000],
  ['>5m', 300_000],
  ['1d', 86_400_000],
  ['', null],
  ['often', null],
])('the span %s is %s ms', (text, expected) => {
  expect(parseSpan(text)).toBe(expected);
});

test('texts', () => {
  expect(timestampText(NOW, 'utc')).toBe('2026-11-24 08:41:12.317');
  expect(timestampText(NOW, 'utc', 'minute')).toBe('2026-11-24 08:41');
  expect(rangeText(NOW, NOW + 60_000, NOW, 'utc')).toBe('24 Nov 08:41 – 08:42');
  expect(tickText(Date.UTC(2026, 10, 24), 3_600_000, 'utc')).toBe('24 Nov');
  expect(tickText(NOW, 3_600_000, 'utc')).toBe('08:41');
});

test.each([
  [30_000, '30s'],
  [300_000, '5m'],
  [7_200_000, '2h'],
  [86_400_000, '1d'],
  [250, '250ms'],
])('%i ms are written %s', (ms, text) => {
  expect([spanText(ms), parseSpan(text)]).toEqual([text, ms]);
});
