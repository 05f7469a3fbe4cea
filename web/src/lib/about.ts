/** What a view shows, for what leaves the page: files and paper. */
import { startOf } from './time/calendar';
import { timestampText } from './time/format';
import type { Range } from './time/range';
import { zoneName, type Zone } from './time/zone';

export interface About {
  /** Of the dashboard. */
  title: string;
  range: Range;
  zone: Zone;
  /** What is chosen of each filter, `all` where nothing is. */
  filters: { label: string; text: string; isAll: boolean }[];
  /** When it was made, ms since the epoch. */
  atMs: number;
}

/** `2026-06-01 – 2026-06-07`, with the time of the day where the ends are no whole days. */
export function rangeInFull({ from, to }: Range, zone: Zone): string {
  const isWhole = startOf(from, 'd', zone) === from && startOf(to + 1, 'd', zone) === to + 1;
  const [a, b] = [from, to].map((end) => timestampText(end, zone, isWhole ? 'day' : 'minute'));
  return a === b ? a! : `${a} – ${b}`;
}

/** A line each: the range with its zone, the filters, when it was made. */
export function aboutLines({ range, zone, filters, atMs }: About): [string, string][] {
  const chosen = filters.filter(({ isAll }) => !isAll).map(({ label, text }) => `${label}: ${text}`);
  return [
    ['Time range', `${rangeInFull(range, zone)} (${zoneName(zone)})`],
    ['Filters', chosen.length === 0 ? 'none: all is shown' : chosen.join('; ')],
    ['Made', timestampText(atMs, zone, 'minute')],
  ];
}

/** Beyond this many letters of filters a name says only that there are more. */
const MOST_LETTERS = 60;

/** For the name of a file: what it is of, its range, and what it is narrowed to. */
export function fileTitle(title: string, { range, zone, filters }: About): string {
  const chosen = filters.filter(({ isAll }) => !isAll).map(({ label, text }) => `${label} ${text}`).join(' '); // prettier-ignore
  const narrowed = chosen.length <= MOST_LETTERS ? chosen : `${chosen.slice(0, MOST_LETTERS)} and more`;
  const ends = rangeInFull(range, zone).replace(' – ', ' to ');
  return [title, ends, narrowed].filter((part) => part !== '').join(' ');
}
