/** What a lead looks at twice: time of one person that is counted more than once, and long single intervals. */
import { numberOf, plainText, type Frame } from '../data/frame';
import type { Zone } from '../time/zone';
import { boundsOfDay, everyDay } from './days';
import { dayText, hoursText } from './matrix';

/**
 * A single interval that is marked, ms. Events that follow each other give intervals of less than 100 s a
 * request, and requests come every few minutes: half an hour in one piece is one event that lasted,
 * or work that was sent much later.
 */
export const LONG_MS = 1_800_000;

export interface Mark {
  /** Counted although it was counted already: two tabs or browsers at once. */
  twiceMs: number;
  /** The longest interval of at least `LONG_MS`, or 0. */
  longMs: number;
}

const NOTHING: Mark = { twiceMs: 0, longMs: 0 };

export type Marks = ReadonlyMap<string, ReadonlyMap<string, Mark>>;

/**
 * By person and day. The query's rows: person, first and last day of marked intervals, their beginning
 * and the end of what was counted twice, how much that is, the longest interval's length. Rows of
 * intervals that lie in several days are of one interval each.
 */
export function marksOf({ rows }: Frame, zone: Zone): Marks {
  const marks = new Map<string, Map<string, Mark>>();
  for (const [user, first, last, startMs, twiceUntilMs, twiceMs, longMs] of rows) {
    const [from, to] = [dayText(first), dayText(last)];
    if (from === null || to === null) continue;
    const byDay = marks.get(plainText(user)) ?? new Map<string, Mark>();
    marks.set(plainText(user), byDay);
    for (const day of everyDay([from, to])) {
      const before = byDay.get(day) ?? NOTHING;
      const bounds = boundsOfDay(day, zone);
      const within = Math.min(numberOf(twiceUntilMs) ?? 0, bounds.to) - Math.max(numberOf(startMs) ?? 0, bounds.from); // prettier-ignore
      const twice = from === to ? (numberOf(twiceMs) ?? 0) : Math.max(0, within);
      byDay.set(day, { twiceMs: before.twiceMs + twice, longMs: Math.max(before.longMs, numberOf(longMs) ?? 0) }); // prettier-ignore
    }
  }
  return marks;
}

/** In words; empty where there is nothing to say. */
export function markText({ twiceMs, longMs }: Mark): string {
  const parts = [
    twiceMs > 0 ? `${hoursText(twiceMs, 'seconds')} counted twice: two tabs or browsers at once` : '',
    longMs > 0
      ? `${hoursText(longMs, 'seconds')} counted in one piece: one long event, or work that was sent much later`
      : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}
