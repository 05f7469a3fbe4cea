/** A day of a person as sessions: counted intervals that touch, or nearly. */
import type { Frame } from '../data/frame';
import { instantOf, type Zone } from '../time/calendar';
import type { TimesheetRow } from './matrix';

export interface Session {
  startMs: number;
  endMs: number;
  /** Counted in it, ms; less than its length where short breaks were none. */
  workedMs: number;
  jobs: string[];
}

/** Columns of events that a row of the timesheet may be of. */
const WITHIN = ['project_id', 'task_id', 'job_id'];

/** SQL and its values for the counted intervals of a row of the timesheet that came in a range. */
export function intervalsQuery({ user, within }: Pick<TimesheetRow, 'user' | 'within'>) {
  const ids = { user_id: user, ...within };
  const known = Object.entries(ids).filter(([name]) => name === 'user_id' || WITHIN.includes(name));
  const conditions = known.map(([name, id]) =>
    id === '' ? `${name} IS NULL` : `${name} = {${name}:UInt64}`,
  );
  const params = Object.fromEntries(
    known.filter(([, id]) => id !== '').map(([name, id]) => [name, Number(id)]),
  );
  const sql = `SELECT job_id, counted_ms[i] AS start_ms, counted_ms[i + 1] AS end_ms
FROM (
  SELECT job_id, counted_ms, arrayJoin(range(1, length(counted_ms), 2)) AS i
  FROM events
  WHERE $__timeFilter_ms(timestamp) AND JSONHas(payload, 'working_time') AND ${conditions.join(' AND ')}
)
ORDER BY start_ms, end_ms`;
  return { sql, params };
}

/** Breaks shorter than this do not end a session, ms: the rule that counts time has the same. */
const BREAK_MS = 100_000;

/** Beginning and end of a day, ms: 23 to 25 hours. */
export function boundsOfDay(day: string, zone: Zone): { from: number; to: number } {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  const at = (day: number) => instantOf({ year, month: month - 1, day, hour: 0, minute: 0, second: 0, ms: 0 }, zone); // prettier-ignore
  return { from: at(date), to: at(date + 1) };
}

/** Sessions of the intervals within a day, each cut at its ends. */
export function sessionsOf({ rows }: Frame, { from, to }: { from: number; to: number }): Session[] {
  const sessions: Session[] = [];
  for (const [job, start, end] of rows as [unknown, number, number][]) {
    const [startMs, endMs] = [Math.max(start, from), Math.min(end, to)];
    if (endMs <= startMs) continue;
    const name = job === null ? '' : String(job);
    const last = sessions.at(-1);
    if (last && startMs - last.endMs < BREAK_MS) {
      last.endMs = Math.max(last.endMs, endMs);
      last.workedMs += endMs - startMs;
      if (name !== '' && !last.jobs.includes(name)) last.jobs.push(name);
    } else {
      sessions.push({ startMs, endMs, workedMs: endMs - startMs, jobs: name === '' ? [] : [name] });
    }
  }
  return sessions;
}
