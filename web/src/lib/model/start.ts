/** What the start page asks: each figure of today beside the same weekday before, and its last days. */
import { partsOf } from '../time/calendar';
import type { Zone } from '../time/zone';
import { IS_HOURS } from '../timesheet/hours';

/**
 * A row a day of the last four weeks and today, in the viewer's zone: each figure of the whole day, and of its
 * first `{minutes}`, to compare what today has by now.
 */
export const TODAY_SQL = `SELECT day,
  uniqExactIf(user_id, is_of_person) AS people, uniqExactIf(user_id, is_of_person AND is_before) AS people_before,
  sum(worked_ms) / 3600000 AS hours, sumIf(worked_ms, is_before) / 3600000 AS hours_before,
  count() AS events, countIf(is_before) AS events_before,
  countIf(is_error) AS errors, countIf(is_error AND is_before) AS errors_before
FROM (
  SELECT toDate(timestamp, {zone:String}) AS day, user_id, scope != 'send:working_time' AS is_of_person, scope = 'send:exception' AS is_error,
    if(${IS_HOURS}, JSONExtractUInt(payload, 'working_time'), 0) AS worked_ms,
    toHour(timestamp, {zone:String}) * 60 + toMinute(timestamp, {zone:String}) < {minutes:UInt16} AS is_before
  FROM events
  WHERE $__timeFilter_ms(timestamp)
)
GROUP BY day
ORDER BY day`;

/** Whether anything but the server's own audit trail was recorded: what people did, or what happened to their work. */
export const ANY_WORK_SQL = `SELECT 1
FROM events
WHERE source = 'client' OR job_id IS NOT NULL OR task_id IS NOT NULL OR project_id IS NOT NULL
LIMIT 1`;

/** As fine as days are compared, minutes: the same question has the same answer for a while. */
const STEP_MINUTES = 10;

/** How much of today is compared: minutes since its beginning, and the time that is. */
export function comparedUntil(now: number, zone: Zone): { minutes: number; text: string } {
  const { hour, minute } = partsOf(now, zone);
  const minutes = Math.floor((hour * 60 + minute) / STEP_MINUTES) * STEP_MINUTES;
  const two = (n: number) => String(n).padStart(2, '0');
  return { minutes, text: `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}` };
}

export interface Day {
  day: string;
  values: Record<string, number>;
}

export interface Figure {
  key: string;
  today: number;
  /** Mean of the same weekday in the weeks before, up to the same time of the day; `null` if there is none. */
  usual: number | null;
  /** The last days, today last. */
  line: number[];
}

const N_DAYS = 14;

/** Figures of a day among others; days that are not there had nothing. */
export function figuresOf(days: Day[], today: string, keys: string[]): Figure[] {
  const byDay = new Map(days.map(({ day, values }) => [day, values]));
  const before = (n: number) => new Date(Date.parse(today) - n * 86_400_000).toISOString().slice(0, 10);
  const first = days[0]?.day ?? today;
  return keys.map((key) => {
    const of = (day: string) => byDay.get(day)?.[key] ?? 0;
    const weeks = [7, 14, 21, 28].map(before).filter((day) => day >= first);
    const soFar = (day: string) => byDay.get(day)?.[`${key}_before`] ?? 0;
    const usual = weeks.length === 0 ? null : weeks.reduce((sum, day) => sum + soFar(day), 0) / weeks.length;
    const line = Array.from({ length: N_DAYS }, (_, i) => of(before(N_DAYS - 1 - i)));
    return { key, today: of(today), usual, line };
  });
}

/** The built-in dashboards from the question that comes first to what it is made of. */
const ORDER = ['project', 'team', 'job', 'timesheet', 'management', 'all-events', 'monitoring', 'my-hours'];

/**
 * How the start page lists dashboards: those of the program in their order, then the others by title. Who sees own
 * events alone begins with own hours.
 */
export function inOrder<T extends { uid: string; title: string }>(entries: readonly T[], seesOwnAlone: boolean): T[] {
  const place = ({ uid }: T) => {
    if (uid === 'my-hours' && seesOwnAlone) return -1;
    const at = ORDER.indexOf(uid);
    return at < 0 ? ORDER.length : at;
  };
  return [...entries].sort((a, b) => place(a) - place(b) || a.title.localeCompare(b.title, 'en'));
} // prettier-ignore
