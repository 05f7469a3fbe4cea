/** Times as text, in the zone of the dashboard. */
import { partsOf, weekday } from './calendar';
import type { Zone } from './zone';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** `2026-11-24 08:41:12.317`: sorts and can be typed into the range's inputs. */
export function timestampText(instant: number, zone: Zone, precision: 'day' | 'minute' | 's' | 'ms' = 'ms') {
  if (!Number.isFinite(instant)) return '–';
  const { year, month, day, hour, minute, second, ms } = partsOf(instant, zone);
  const date = `${year}-${two(month + 1)}-${two(day)}`;
  if (precision === 'day') return date;
  const time = `${two(hour)}:${two(minute)}`;
  if (precision === 'minute') return `${date} ${time}`;
  const seconds = `${date} ${time}:${two(second)}`;
  return precision === 's' ? seconds : `${seconds}.${String(ms).padStart(3, '0')}`;
}

/** `Tue 24 Nov 08:41`, for a chart's tooltip. */
export function momentText(instant: number, zone: Zone): string {
  const { month, day, hour, minute, second } = partsOf(instant, zone);
  const seconds = second === 0 ? '' : `:${two(second)}`;
  return `${WEEKDAYS[weekday(instant, zone)]} ${day} ${MONTHS[month]} ${two(hour)}:${two(minute)}${seconds}`;
}

/** `1 Jun – 7 Jun`, `1 Jun 09:30 – 17:00`: as much as it takes. The year only where it is not this one. */
export function rangeText(from: number, to: number, now: number, zone: Zone): string {
  const [a, b, today] = [partsOf(from, zone), partsOf(to, zone), partsOf(now, zone)];
  const year = (parts: { year: number }) => (parts.year === today.year ? '' : ` ${parts.year}`);
  const date = (parts: typeof a) => `${parts.day} ${MONTHS[parts.month]}${year(parts)}`;
  const time = (parts: typeof a) => `${two(parts.hour)}:${two(parts.minute)}`;
  const sameDay = a.year === b.year && a.month === b.month && a.day === b.day;
  const wholeDays = a.hour + a.minute + a.second === 0 && b.hour === 23 && b.minute === 59;
  if (wholeDays) return sameDay ? date(a) : `${date(a)} – ${date(b)}`;
  if (from === to) return `${date(a)} ${time(a)}`;
  return `${date(a)} ${time(a)} – ${sameDay ? '' : `${date(b)} `}${time(b)}`;
}

/** A tick of a time axis: as fine as the distance between ticks, with the date where a day begins. */
export function tickText(instant: number, stepMs: number, zone: Zone): string {
  const { year, month, day, hour, minute, second } = partsOf(instant, zone);
  if (stepMs >= 28 * 86_400_000) return month === 0 ? `${year}` : MONTHS[month]!;
  if (stepMs >= 86_400_000 || hour + minute + second === 0) return `${day} ${MONTHS[month]}`;
  return stepMs >= 60_000 ? `${two(hour)}:${two(minute)}` : `${two(hour)}:${two(minute)}:${two(second)}`;
}

/** How long something took, in its two largest units: `2 d 4 h`, `5 min`. */
export function durationText(ms: number): string {
  const sizes = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1_000, 's']] as const; // prettier-ignore
  const first = sizes.findIndex(([size]) => ms >= size);
  if (first < 0) return `${Math.round(ms)} ms`;
  const [[size, unit], second] = [sizes[first]!, sizes[first + 1]];
  const rest = second === undefined ? 0 : Math.floor((ms % size) / second[0]);
  return `${Math.floor(ms / size)} ${unit}${rest > 0 ? ` ${rest} ${second![1]}` : ''}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
