/**
 * Calendar arithmetic in any zone, without a library: `Date` knows UTC and the browser's zone, `Intl` the
 * offsets of the others.
 */
import { offsetAt, type Zone } from './zone';

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

/** The instant at which clocks of UTC show what those of a zone show now; `null` for the browser's. */
function asUtc(instant: number, zone: Zone): Date | null {
  if (zone === 'browser') return null;
  return new Date(zone === 'utc' || !Number.isFinite(instant) ? instant : instant + offsetAt(zone, instant));
}

export function partsOf(instant: number, zone: Zone): Parts {
  const utc = asUtc(instant, zone);
  if (utc !== null) {
    return {
      year: utc.getUTCFullYear(),
      month: utc.getUTCMonth(),
      day: utc.getUTCDate(),
      hour: utc.getUTCHours(),
      minute: utc.getUTCMinutes(),
      second: utc.getUTCSeconds(),
      ms: utc.getUTCMilliseconds(),
    };
  }
  const date = new Date(instant);
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

/**
 * Parts beyond their range carry over: day 0 is the last of the month before. A time that a change of the
 * clocks left out is as much later, and of one that comes twice it is the first: as `Date` has it.
 */
export function instantOf(parts: Parts, zone: Zone): number {
  const { year, month, day, hour, minute, second, ms } = parts;
  if (zone === 'browser') return new Date(year, month, day, hour, minute, second, ms).getTime();
  const utc = Date.UTC(year, month, day, hour, minute, second, ms);
  if (zone === 'utc' || Number.isNaN(utc)) return utc;
  // A day around it there is at most one change.
  const [before, after] = [offsetAt(zone, utc - DAY_MS), offsetAt(zone, utc + DAY_MS)];
  const possible = [before, after].map((offset) => utc - offset).find((at) => at + offsetAt(zone, at) === utc); // prettier-ignore
  return possible ?? utc - before;
}

const DAY_MS = 86_400_000;

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

/** A day of the week, 0 is Sunday, as in `Date`. */
export type Weekday = 0 | 1 | 2 | 3 | 4 | 5 | 6;

export const MONDAY: Weekday = 1;

/** The beginning of the unit that an instant lies in. */
export function startOf(instant: number, unit: Unit, zone: Zone, weekStart: Weekday = MONDAY): number {
  const parts = partsOf(instant, zone);
  // Counted back, not made of parts: an hour that comes twice a year has two beginnings.
  if (unit === 's') return instant - parts.ms;
  if (unit === 'm') return instant - parts.ms - parts.second * 1_000;
  if (unit === 'h') return instant - parts.ms - parts.second * 1_000 - parts.minute * 60_000;
  Object.assign(parts, { minute: 0, second: 0, ms: 0 });
  parts.hour = 0;
  if (unit === 'w') parts.day -= (weekday(instant, zone) - weekStart + 7) % 7;
  if (unit === 'M' || unit === 'y') parts.day = 1;
  if (unit === 'y') parts.month = 0;
  return instantOf(parts, zone);
}

export function weekday(instant: number, zone: Zone): Weekday {
  const utc = asUtc(instant, zone);
  return (utc === null ? new Date(instant).getDay() : utc.getUTCDay()) as Weekday;
}
