/** Ends of a time range as Grafana writes them: `now-7d/d`, ms since the epoch, or a date. */
import { add, instantOf, MONDAY, startOf, type Unit, type Weekday } from './calendar';
import type { Zone } from './zone';

/** `now/d` is the day's beginning as `from` and its last millisecond as `to`. */
export type End = 'from' | 'to';

const STEP = /([+-])(\d*)([smhdwMy])|\/([smhdwMy])/y;
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?)?$/;

/** `null` if the text is no time. */
export function parseInstant(
  text: string,
  end: End,
  now: number,
  zone: Zone,
  weekStart: Weekday = MONDAY,
): number | null {
  text = text.trim();
  if (/^-?\d{5,}$/.test(text)) return Number(text);
  if (text.startsWith('now')) return relative(text.slice(3), end, now, zone, weekStart);
  const date = DATE.exec(text);
  if (date) return civil(date, end, zone);
  // With an offset there is nothing left to choose.
  if (!/(Z|[+-]\d{2}:?\d{2})$/.test(text)) return null;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? null : instant;
}

export function isRelative(text: string): boolean {
  return text.trim().startsWith('now');
}

function relative(steps: string, end: End, now: number, zone: Zone, weekStart: Weekday): number | null {
  let instant = now;
  STEP.lastIndex = 0;
  while (STEP.lastIndex < steps.length) {
    const step = STEP.exec(steps);
    if (!step) return null;
    const [, sign, digits, unit, rounding] = step;
    if (rounding !== undefined) {
      instant = startOf(instant, rounding as Unit, zone, weekStart);
      if (end === 'to') instant = add(instant, 1, rounding as Unit, zone) - 1;
    } else {
      const amount = digits === '' ? 1 : Number(digits);
      instant = add(instant, sign === '-' ? -amount : amount, unit as Unit, zone);
    }
  }
  return instant;
}

function civil(match: RegExpExecArray, end: End, zone: Zone): number | null {
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const parts = {
    year: year!,
    month: month! - 1,
    day: day!,
    hour: hour!,
    minute: minute!,
    second: second!,
    ms: Number((match[7] ?? '0').padEnd(3, '0')),
  };
  const possible =
    month! >= 1 && month! <= 12 && day! >= 1 && day! <= 31 && hour! < 24 && minute! < 60 && second! < 60;
  if (!possible) return null;
  // Who writes "to 7 June" means that day, too.
  if (match[4] === undefined && end === 'to') parts.day += 1;
  const instant = instantOf(parts, zone);
  return match[4] === undefined && end === 'to' ? instant - 1 : instant;
}
