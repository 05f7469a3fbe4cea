/** Time ranges: as they stand in the URL, resolved to instants, shifted, zoomed and described. */
import type { Zone } from './calendar';
import { rangeText } from './format';
import { isRelative, parseInstant } from './instant';

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
export function resolve(raw: RawRange, now: number, zone: Zone): Range | null {
  const from = parseInstant(raw.from, 'from', now, zone);
  const to = parseInstant(raw.to, 'to', now, zone);
  return from === null || to === null || from >= to ? null : { from, to };
}

export function absolute(range: Range): RawRange {
  return { from: String(Math.round(range.from)), to: String(Math.round(range.to)) };
}

/** The range beside this one, of the same length; the future is not entered. */
export function shift(range: Range, direction: -1 | 1, now: number): Range {
  const length = range.to - range.from;
  const to = Math.min(range.to + direction * length, Math.max(now, range.to));
  return { from: to - length, to };
}

/** Twice as long around the same middle; what would lie in the future goes to the left. */
export function zoomOut(range: Range, now: number): Range {
  const length = range.to - range.from;
  const to = Math.min(range.to + length / 2, Math.max(now, range.to));
  return { from: Math.round(to - 2 * length), to: Math.round(to) };
}

/** What the header says of a range. */
export function describe(raw: RawRange, now: number, zone: Zone): string {
  const quick = QUICK_RANGES.find(({ from, to }) => from === raw.from && to === raw.to);
  if (quick) return quick.label;
  const days = /^now-(\d+)d\/d$/.exec(raw.from)?.[1];
  if (days !== undefined && raw.to === 'now/d') return `Last ${Number(days) + 1} days`;
  const range = resolve(raw, now, zone);
  if (!range) return 'Time range';
  if (isRelative(raw.from) || isRelative(raw.to)) return `${end(raw.from, zone)} – ${end(raw.to, zone)}`;
  return rangeText(range.from, range.to, now, zone);
}

function end(text: string, zone: Zone): string {
  const instant = isRelative(text) ? null : parseInstant(text, 'from', 0, zone);
  return instant === null ? text : rangeText(instant, instant, instant, zone);
}
