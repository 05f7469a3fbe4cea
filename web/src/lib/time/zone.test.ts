import { describe, expect, it, test } from 'vitest';
import { add, instantOf, partsOf, startOf, weekday, type Unit, type Weekday } from './calendar';
import { parseInstant } from './instant';
import { resolve, shift, stepOf, type Range } from './range';
import { refreshMsOf } from './interval';
import { parseWeekStart, weekStartOf } from './week';
import { allZones, foundZones, knownZone, offsetText, zoneText } from './zone';

const BERLIN = 'Europe/Berlin';
const NEW_YORK = 'America/New_York';
const KOLKATA = 'Asia/Kolkata';
const HOUR = 3_600_000;
const at = (text: string) => Date.parse(text);
const iso = (instant: number) => new Date(instant).toISOString();
const local = (instant: number, zone: string) => {
  const { year, month, day, hour, minute } = partsOf(instant, zone);
  return [year, month + 1, day, hour, minute];
};

test.each([
  ['utc', 'utc'],
  ['UTC', 'utc'],
  ['Etc/UTC', 'utc'],
  ['browser', 'browser'],
  ['', 'browser'],
  ['europe/berlin', BERLIN],
  ['Asia/Calcutta', KOLKATA],
  [KOLKATA, KOLKATA],
  ['Mars/Olympus', null],
  ['+05:30', null],
  ['banana', null],
])('the zone %s is %s', (text, expected) => {
  expect(knownZone(text)).toBe(expected);
});

test.each([
  [BERLIN, '2026-07-01T00:00Z', 'UTC+02:00', 'Berlin'],
  [NEW_YORK, '2026-12-01T00:00Z', 'UTC−05:00', 'New York'],
  [KOLKATA, '2026-07-01T00:00Z', 'UTC+05:30', 'Kolkata'],
  ['utc', '2026-07-01T00:00Z', 'UTC+00:00', 'UTC'],
  // Before the clocks of a country were set together.
  [BERLIN, '1880-01-01T00:00Z', 'UTC+00:53', 'Berlin'],
])('%s at %s is %s', (zone, instant, offset, name) => {
  expect([offsetText(zone, at(instant)), zoneText(zone)]).toEqual([offset, name]);
});

test('all zones are there, with the offset of the instant', () => {
  const offsetOf = (instant: string) => allZones(at(instant)).find(({ name }) => name === BERLIN)!.offset;
  expect([offsetOf('2026-01-01'), offsetOf('2026-07-01')]).toEqual(['UTC+01:00', 'UTC+02:00']);
  expect(allZones(0).length).toBeGreaterThan(300);
  expect(allZones(0).map(({ name }) => name)).toContain(KOLKATA);
});

test('zones are found by name, words and offset', () => {
  const zones = [
    { name: 'America/New_York', about: 'Eastern Time', offset: 'UTC−05:00' },
    { name: 'Asia/Kolkata', about: 'India Standard Time', offset: 'UTC+05:30' },
    { name: 'America/Indiana/Knox', about: 'Central Time', offset: 'UTC−06:00' },
    { name: 'Europe/Berlin', about: 'Central European Time', offset: 'UTC+01:00' },
  ];
  const names = (typed: string) => foundZones(zones, typed).map(({ name }) => name);
  expect(names('new york')).toEqual(['America/New_York']);
  expect(names('new_york')).toEqual(['America/New_York']);
  expect(names('india')).toEqual(['Asia/Kolkata', 'America/Indiana/Knox']);
  expect(names('+05:30')).toEqual(['Asia/Kolkata']);
  expect(names('-05')).toEqual(['America/New_York']);
  expect(names('central europe')).toEqual(['Europe/Berlin']);
  expect(names('')).toHaveLength(4);
  expect(names('atlantis')).toEqual([]);
});

describe('where the clocks change', () => {
  it.each([
    // A time that is left out is as much later; one that comes twice is the first.
    [BERLIN, [2026, 3, 29, 2, 30], '2026-03-29T01:30:00.000Z'],
    [BERLIN, [2026, 10, 25, 2, 30], '2026-10-25T00:30:00.000Z'],
    [NEW_YORK, [2026, 3, 8, 2, 30], '2026-03-08T07:30:00.000Z'],
    [NEW_YORK, [2026, 11, 1, 1, 30], '2026-11-01T05:30:00.000Z'],
    [KOLKATA, [2026, 3, 29, 2, 30], '2026-03-28T21:00:00.000Z'],
    ['Australia/Lord_Howe', [2026, 4, 5, 1, 45], '2026-04-04T14:45:00.000Z'],
    ['Pacific/Apia', [2011, 12, 31, 0, 0], '2011-12-30T10:00:00.000Z'],
  ])('in %s %j is %s', (zone, [year, month, day, hour, minute], expected) => {
    const parts = { year: year!, month: month! - 1, day: day!, hour: hour!, minute: minute!, second: 0, ms: 0 };
    expect(iso(instantOf(parts, zone))).toBe(expected);
  });

  it.each([
    [BERLIN, '2026-03-29T12:00Z', 'd', 23],
    [BERLIN, '2026-10-25T12:00Z', 'd', 25],
    [BERLIN, '2026-10-25T12:00Z', 'w', 169],
    [NEW_YORK, '2026-03-08T12:00Z', 'd', 23],
    [NEW_YORK, '2026-11-01T12:00Z', 'M', 30 * 24 + 1],
    [KOLKATA, '2026-03-29T12:00Z', 'd', 24],
  ] as const)('in %s the unit around %s is long', (zone, instant, unit, hours) => {
    const from = startOf(at(instant), unit, zone);
    expect((add(from, 1, unit, zone) - from) / HOUR).toBe(hours);
    expect(parseInstant(`now/${unit}`, 'to', at(instant), zone)).toBe(from + hours * HOUR - 1);
  });

  it('knows both hours that have one name', () => {
    const second = at('2026-10-25T01:30Z');
    expect(local(second, BERLIN)).toEqual([2026, 10, 25, 2, 30]);
    expect(iso(startOf(second, 'h', BERLIN))).toBe('2026-10-25T01:00:00.000Z');
  });

  it.each(['browser', 'utc', BERLIN, NEW_YORK, KOLKATA, 'Australia/Lord_Howe'])('%s goes there and back', (zone) => {
    for (let instant = at('2026-01-01T00:15Z'); instant < at('2027-01-01'); instant += 7 * HOUR) {
      const back = instantOf(partsOf(instant, zone), zone);
      // The second of two hours of one name is told as the first.
      expect([0, HOUR, HOUR / 2]).toContain(instant - back);
    }
  });
}); // prettier-ignore

test.each([
  ['2026-06-01T12:00Z', 1, '2026-06-01T00:00:00.000Z'],
  ['2026-06-01T12:00Z', 0, '2026-05-31T00:00:00.000Z'],
  ['2026-06-01T12:00Z', 6, '2026-05-30T00:00:00.000Z'],
  ['2026-05-31T12:00Z', 0, '2026-05-31T00:00:00.000Z'],
  ['2026-05-31T12:00Z', 1, '2026-05-25T00:00:00.000Z'],
])('the week of %s from the day %d on begins at %s', (instant, weekStart, expected) => {
  expect(iso(startOf(at(instant), 'w', 'utc', weekStart as Weekday))).toBe(expected);
});

test.each([
  ['', 'de', 1],
  ['', 'en-US', 0],
  ['', 'ar-EG', 6],
  ['', 'no language', 1],
  ['monday', 'en-US', 1],
  ['saturday', 'de', 6],
])('weeks of %s in %s begin on %d', (choice, language, expected) => {
  expect(weekStartOf(parseWeekStart(choice), language)).toBe(expected);
});

test.each(['friday', 3, undefined, null])('%s is no start of a week', (value) => {
  expect(parseWeekStart(value)).toBe('');
});

describe('stepping', () => {
  const NOW = at('2026-11-30T12:00Z');
  const range = (from: string, to: string, zone: string): Range => resolve({ from, to }, NOW, zone)!;
  const days = ({ from, to }: Range, zone: string) => [local(from, zone).slice(0, 3), local(to, zone).slice(0, 3)];

  it.each([
    ['2026-06-01', '2026-06-01', { unit: 'd', amount: 1, isWhole: true }],
    ['2026-06-01', '2026-06-07', { unit: 'd', amount: 7, isWhole: true }],
    ['2026-06-01', '2026-06-30', { unit: 'M', amount: 1, isWhole: true }],
    ['2026-01-01', '2026-12-31', { unit: 'M', amount: 12, isWhole: true }],
    ['2026-06-01 00:00', '2026-06-02 00:00', { unit: 'd', amount: 1, isWhole: true }],
    ['2026-10-20 09:30', '2026-10-27 09:30', { unit: 'd', amount: 7, isWhole: false }],
    ['2026-06-01 09:30', '2026-06-01 17:00', { unit: 'ms', amount: 7.5 * HOUR, isWhole: false }],
  ])('%s to %s', (from, to, expected) => {
    expect(stepOf(range(from, to, BERLIN), BERLIN)).toEqual(expected);
  });

  it.each([BERLIN, NEW_YORK, KOLKATA, 'browser'])('in %s days stay days for a year, there and back', (zone) => {
    const first = range('2026-11-24', '2026-11-24', zone);
    let shown = first;
    for (let n = 1; n <= 365; n++) {
      shown = shift(shown, -1, NOW, zone);
      expect(startOf(shown.from, 'd', zone)).toBe(shown.from);
      expect(shown.to).toBe(add(shown.from, 1, 'd', zone) - 1);
    }
    expect(days(shown, zone)).toEqual([[2025, 11, 24], [2025, 11, 24]]);
    for (let n = 1; n <= 365; n++) shown = shift(shown, 1, NOW, zone);
    expect(shown).toEqual(first);
  });

  it.each([
    ['now/w', 'now/w', BERLIN, [[2026, 11, 23], [2026, 11, 29]]],
    ['2026-10-19', '2026-10-25', BERLIN, [[2026, 10, 12], [2026, 10, 18]]],
    ['2026-03-01', '2026-03-31', NEW_YORK, [[2026, 2, 1], [2026, 2, 28]]],
    ['now/y', 'now/y', KOLKATA, [[2025, 1, 1], [2025, 12, 31]]],
  ])('before %s to %s in %s', (from, to, zone, expected) => {
    const before = shift(range(from, to, zone), -1, NOW, zone);
    expect(days(before, zone)).toEqual(expected);
    expect(shift(before, 1, NOW, zone)).toEqual(range(from, to, zone));
  });

  it('keeps the hour of the day across a change of the clocks', () => {
    const week = range('2026-10-21 09:30', '2026-10-28 09:30', BERLIN);
    const before = shift(week, -1, NOW, BERLIN);
    expect([local(before.from, BERLIN), local(before.to, BERLIN)]).toEqual([[2026, 10, 14, 9, 30], [2026, 10, 21, 9, 30]]);
    expect(shift(before, 1, NOW, BERLIN)).toEqual(week);
  });

  it('enters today, and not tomorrow', () => {
    const today = range('now/d', 'now/d', NEW_YORK);
    expect(shift(shift(today, -1, NOW, NEW_YORK), 1, NOW, NEW_YORK)).toEqual(today);
    expect(shift(today, 1, NOW, NEW_YORK)).toEqual(today);
  });

  it('ends at the present where it is not of whole days', () => {
    const hour = { from: NOW - 1.5 * HOUR, to: NOW - 0.5 * HOUR };
    expect(shift(hour, 1, NOW, 'utc')).toEqual({ from: NOW - HOUR, to: NOW });
  });
}); // prettier-ignore

test.each([
  ['', null],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h', HOUR],
  ['banana', undefined],
  ['30', undefined],
  ['-5s', undefined],
  ['0s', undefined],
  ['100ms', undefined],
])('refresh %s is %s ms', (text, expected) => {
  expect(refreshMsOf(text)).toBe(expected);
});

test('a day of the week is that of the zone', () => {
  expect([weekday(at('2026-06-01T23:00Z'), 'utc'), weekday(at('2026-06-01T23:00Z'), KOLKATA)]).toEqual([1, 2]);
  expect((['s', 'm', 'd'] as Unit[]).map((unit) => iso(startOf(at('2026-06-01T23:10:05.5Z'), unit, KOLKATA)))).toEqual([
    '2026-06-01T23:10:05.000Z',
    '2026-06-01T23:10:00.000Z',
    '2026-06-01T18:30:00.000Z',
  ]);
}); // prettier-ignore
