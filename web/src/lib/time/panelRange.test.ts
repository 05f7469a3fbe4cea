import { expect, test } from 'vitest';
import { panelRange, type TimeOverride } from './panelRange';
import { resolve, type RawRange } from './range';

/** A Tuesday. */
const NOW = Date.UTC(2026, 10, 24, 8);
const WEEK: RawRange = { from: 'now-7d', to: 'now' };
const DATES: RawRange = { from: '2026-06-02', to: '2026-06-03' };

test.each<[RawRange, TimeOverride, string, string]>([
  [WEEK, {}, '2026-11-17T08:00 2026-11-24T08:00', ''],
  [WEEK, { timeFrom: '2h' }, '2026-11-24T06:00 2026-11-24T08:00', 'Last 2 hours'],
  [WEEK, { timeFrom: '24h' }, '2026-11-23T08:00 2026-11-24T08:00', 'Last 24 hours'],
  [WEEK, { timeFrom: 'now/d' }, '2026-11-24T00:00 2026-11-24T23:59', 'Today'],
  [WEEK, { timeFrom: '2h', hideTimeOverride: true }, '2026-11-24T06:00 2026-11-24T08:00', ''],
  [DATES, { timeFrom: '2h' }, '2026-06-02T00:00 2026-06-03T23:59', ''],
  [WEEK, { timeShift: '1d' }, '2026-11-16T08:00 2026-11-23T08:00', '1d earlier'],
  [WEEK, { timeShift: '-1w' }, '2026-11-10T08:00 2026-11-17T08:00', '1w earlier'],
  [DATES, { timeShift: '1d' }, '2026-06-01T00:00 2026-06-02T23:59', '1d earlier'],
  [WEEK, { timeFrom: 'now/d', timeShift: '1d' }, '2026-11-23T00:00 2026-11-23T23:59', 'Today, 1d earlier'],
  [WEEK, { timeFrom: 'soon' }, '2026-11-17T08:00 2026-11-24T08:00', 'The relative time soon cannot be read'],
  [WEEK, { timeShift: 'x' }, '2026-11-17T08:00 2026-11-24T08:00', 'The time shift x cannot be read'],
])('%j with %j is %s', (raw, override, expected, note) => {
  const found = panelRange(raw, resolve(raw, NOW, 'utc')!, override, NOW, 'utc');
  const iso = (instant: number) => new Date(instant).toISOString().slice(0, 16);
  expect(`${iso(found.range.from)} ${iso(found.range.to)}`).toBe(expected);
  expect(found.note).toBe(note);
});
