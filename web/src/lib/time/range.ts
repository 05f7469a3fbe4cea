/** Time ranges: as they stand in the URL, resolved to instants, shifted, zoomed and described. */
import { add, MONDAY, partsOf, startOf, type Weekday } from './calendar';
import { rangeText } from './format';
import { isRelative, parseInstant } from './instant';
import type { Zone } from './zone';

/** As it stands in the URL. */
export interface RawRange {
  from: string;
  to: string;
}

/** Milliseconds since the epoch; both ends belong to it. */
export interface Range {
  from: number;
  to: number;
}

export const QUICK_RANGES: readonly (RawRange & { label: string })[] = [
  { label: 'Last 15 minutes', from: 'now-15m', to: 'now' },
  { label: 'Last hour', from: 'now-1h', to: 'now' },
  { label: 'Last 6 hours', from: 'now-6h', to: 'now' },
  { label: 'Last 24 hours', from: 'now-24h', to: 'now' },
  { label: 'Last 2 days', from: 'now-2d', to: 'now' },
  { label: 'Last 7 days', from: 'now-7d', to: 'now' },
  { label: 'Last 30 days', from: 'now-30d', to: 'now' },
  { label: 'Last 90 days', from: 'now-90d', to: 'now' },
  { label: 'Last year', from: 'now-1y', to: 'now' },
  { label: 'Today', from: 'now/d', to: 'now/d' },
  { label: 'Yesterday', from: 'now-1d/d', to: 'now-1d/d' },
  { label: 'This week', from: 'now/w', to: 'now/w' },
  { label: 'Previous week', from: 'now-1w/w', to: 'now-1w/w' },
  { label: 'This month', from: 'now/M', to: 'now/M' },
  { label: 'Previous month', from: 'now-1M/M', to: 'now-1M/M' },
  { label: 'This year', from: 'now/y', to: 'now/y' },
];

/** `null` if an end is no time or the range is empty. */
export function resolve(raw: RawRange, now: number, zone: Zone, weekStart: Weekday = MONDAY): Range | null {
  const from = parseInstant(raw.from, 'from', now, zone, weekStart);
  const to = parseInstant(raw.to, 'to', now, zone, weekStart);
  return from === null || to === null || from >= to ? null : { from, to };
}

export function absolute(range: Range): RawRange {
  return { from: String(Math.round(range.from)), to: String(Math.round(range.to)) };
}

/** How a range steps: by whole units of the calendar where it is made of them, by its length elsewhere. */
export interface Step {
  unit: 'M' | 'd' | 'ms';
  amount: number;
  /** Whether it begins and ends with days. */
  isWhole: boolean;
}

/** Months if it is of whole months, days if it is of whole days (a week is seven) or ends at the hour of its beginning. */
export function stepOf(range: Range, zone: Zone): Step {
  const { from, end } = withEnd(range, zone);
  const isDay = (instant: number) => startOf(instant, 'd', zone) === instant;
  const isMonth = (instant: number) => isDay(instant) && partsOf(instant, zone).day === 1;
  if (isMonth(from) && isMonth(end)) return { unit: 'M', amount: monthsBetween(from, end, zone), isWhole: true };
  const days = Math.round((end - from) / DAY_MS);
  if (days > 0 && add(from, days, 'd', zone) === end)
    return { unit: 'd', amount: days, isWhole: isDay(from) };
  return { unit: 'ms', amount: range.to - range.from, isWhole: false };
} // prettier-ignore

const DAY_MS = 86_400_000;

/** Where a range stops: its end belongs to it, but a midnight that somebody typed does not. */
function withEnd({ from, to }: Range, zone: Zone): { from: number; end: number } {
  return { from, end: startOf(to + 1, 'd', zone) === to + 1 ? to + 1 : to };
}

function monthsBetween(from: number, end: number, zone: Zone): number {
  const [a, b] = [partsOf(from, zone), partsOf(end, zone)];
  return 12 * (b.year - a.year) + b.month - a.month;
}

/**
 * The range beside this one, as many days or months long; nothing is lost or gained where the clocks change.
 * What begins in the future is not entered, and what is not of whole days ends at the present.
 */
export function shift(range: Range, direction: -1 | 1, now: number, zone: Zone): Range {
  const { unit, amount, isWhole } = stepOf(range, zone);
  const { from, end } = withEnd(range, zone);
  const moved = (instant: number) =>
    unit === 'ms' ? instant + direction * amount : add(instant, direction * amount, unit, zone);
  const beside = { from: moved(from), to: moved(end) - (end - range.to) };
  if (direction === -1 || beside.to <= now) return beside;
  if (beside.from >= now) return range;
  if (isWhole) return beside;
  const to = Math.max(now, range.to);
  return { from: unit === 'ms' ? to - amount : add(to, -amount, unit, zone), to };
}

/** Twice as long around the same middle; what would lie in the future goes to the left. */
export function zoomOut(range: Range, now: number): Range {
  const length = range.to - range.from;
  const to = Math.min(range.to + length / 2, Math.max(now, range.to));
  return { from: Math.round(to - 2 * length), to: Math.round(to) };
}

/** What the header says of a range. */
export function describe(raw: RawRange, now: number, zone: Zone, weekStart: Weekday = MONDAY): string {
  const quick = QUICK_RANGES.find(({ from, to }) => from === raw.from && to === raw.to);
  if (quick) return quick.label;
  const days = /^now-(\d+)d\/d$/.exec(raw.from)?.[1];
  if (days !== undefined && raw.to === 'now/d') return `Last ${Number(days) + 1} days`;
  const range = resolve(raw, now, zone, weekStart);
  if (!range) return 'Time range';
  if (isRelative(raw.from) || isRelative(raw.to)) return `${end(raw.from, zone)} – ${end(raw.to, zone)}`;
  return rangeText(range.from, range.to, now, zone);
}

function end(text: string, zone: Zone): string {
  const instant = isRelative(text) ? null : parseInstant(text, 'from', 0, zone);
  return instant === null ? text : rangeText(instant, instant, instant, zone);
}
