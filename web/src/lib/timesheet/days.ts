/** The days of a range of time: columns of the matrix, with work or without. */
import { instantOf } from '../time/calendar';
import { timestampText } from '../time/format';
import type { Range } from '../time/range';
import type { Zone } from '../time/zone';

/** A matrix of more columns is read by nobody. */
export const MAX_DAYS = 400;

const DAY_MS = 86_400_000;

/** Instants, the end not included. */
export interface Span {
  from: number;
  to: number;
}

/** Beginning and end of a day: 23 to 25 hours. */
export function boundsOfDay(day: string, zone: Zone): Span {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  const at = (day: number) => instantOf({ year, month: month - 1, day, hour: 0, minute: 0, second: 0, ms: 0 }, zone); // prettier-ignore
  return { from: at(date), to: at(date + 1) };
}

/** What of a day lies in a range, both of whose ends belong to it. */
export function boundsWithin(day: string, zone: Zone, range: Range): Span {
  const { from, to } = boundsOfDay(day, zone);
  return { from: Math.max(from, range.from), to: Math.min(to, range.to + 1) };
}

/** The first and the last day of a range. */
export function endDays({ from, to }: Range, zone: Zone): [string, string] {
  return [timestampText(from, zone, 'day'), timestampText(to, zone, 'day')];
}

/** Every day from the first to the last of these; where that is too many, those of them that are the last. */
export function everyDay(days: string[]): string[] {
  const sorted = [...new Set(days)].sort();
  if (sorted.length === 0) return [];
  const first = Date.parse(sorted[0]!);
  const n = (Date.parse(sorted.at(-1)!) - first) / DAY_MS + 1;
  if (n > MAX_DAYS) return sorted.slice(-MAX_DAYS);
  return Array.from({ length: n }, (_, i) => new Date(first + i * DAY_MS).toISOString().slice(0, 10));
}
