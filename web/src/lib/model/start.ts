/** What the start page asks: each figure of today beside the same weekday before, and its last days. */
import { IS_HOURS } from '../timesheet/hours';

/** A row a day of the last four weeks and today, in the viewer's zone. */
export const TODAY_SQL = `SELECT toDate(timestamp, {zone:String}) AS day,
  uniqExact(if(scope != 'send:working_time', user_id, NULL)) AS people,
  sum(if(${IS_HOURS}, JSONExtractUInt(payload, 'working_time'), 0)) / 3600000 AS hours,
  count() AS events,
  countIf(scope = 'send:exception') AS errors
FROM events
WHERE $__timeFilter_ms(timestamp)
GROUP BY day
ORDER BY day`;

export interface Day {
  day: string;
  values: Record<string, number>;
}

export interface Figure {
  key: string;
  today: number;
  /** Mean of the same weekday in the weeks before; `null` if there is none. */
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
    const usual = weeks.length === 0 ? null : weeks.reduce((sum, day) => sum + of(day), 0) / weeks.length;
    const line = Array.from({ length: N_DAYS }, (_, i) => of(before(N_DAYS - 1 - i)));
    return { key, today: of(today), usual, line };
  });
}
