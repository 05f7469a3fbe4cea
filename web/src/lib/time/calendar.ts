/**
 * Calendar arithmetic in the two zones that a dashboard knows. `Date` does both without a library:
 * its UTC methods and its local ones, which know the changes to summer time.
 */

/** The zone in which times are shown and days begin. */
export type Zone = 'browser' | 'utc';

/** The browser's zone by its name in the IANA database. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export type Unit = 's' | 'm' | 'h' | 'd' | 'w' | 'M' | 'y';

export interface Parts {
  year: number;
  /** 0 is January, as in `Date`. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
}

export function partsOf(instant: number, zone: Zone): Parts {
  const date = new Date(instant);
  if (zone === 'utc') {
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth(),
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      ms: date.getUTCMilliseconds(),
    };
  }
  return {
    year: date.getFullYear(),
    month: date.getMonth(),
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
    ms: date.getMilliseconds(),
  };
}

/** Parts beyond their range carry over: day 0 is the last of the month before. */
export function instantOf(parts: Parts, zone: Zone): number {
  const { year, month, day, hour, minute, second, ms } = parts;
  if (zone === 'utc') return Date.UTC(year, month, day, hour, minute, second, ms);
  return new Date(year, month, day, hour, minute, second, ms).getTime();
}

/** Seconds to hours are spans of time; days and longer keep the hour of the day. */
export function add(instant: number, amount: number, unit: Unit, zone: Zone): number {
  const span = { s: 1_000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h'];
  if (span !== undefined) return instant + amount * span;
  const parts = partsOf(instant, zone);
  if (unit === 'd') parts.day += amount;
  else if (unit === 'w') parts.day += 7 * amount;
  else {
    const months = unit === 'M' ? amount : 12 * amount;
    const lastDay = partsOf(
      instantOf({ ...parts, month: parts.month + months + 1, day: 0, hour: 12 }, zone),
      zone,
    ).day;
    parts.month += months;
    // A month after 31 January is the end of February, not 3 March.
    parts.day = Math.min(parts.day, lastDay);
  }
  return instantOf(parts, zone);
}

/** The beginning of the unit that an instant lies in. Weeks begin on Monday, as on the server. */
export function startOf(instant: number, unit: Unit, zone: Zone): number {
  const parts = partsOf(instant, zone);
  parts.ms = 0;
  if (unit === 's') return instantOf(parts, zone);
  parts.second = 0;
  if (unit === 'm') return instantOf(parts, zone);
  parts.minute = 0;
  if (unit === 'h') return instantOf(parts, zone);
  parts.hour = 0;
  if (unit === 'w') parts.day -= (weekday(instant, zone) + 6) % 7;
  if (unit === 'M' || unit === 'y') parts.day = 1;
  if (unit === 'y') parts.month = 0;
  return instantOf(parts, zone);
}

/** 0 is Sunday, as in `Date`. */
export function weekday(instant: number, zone: Zone): number {
  const date = new Date(instant);
  return zone === 'utc' ? date.getUTCDay() : date.getDay();
}
