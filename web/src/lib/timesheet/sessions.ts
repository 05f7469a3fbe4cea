/** A day of a person as sessions: counted intervals that touch, or nearly. */
import type { Frame } from '../data/frame';
import type { Span } from './days';
import { IS_HOURS } from './hours';
import { LONG_MS } from './marks';
import type { TimesheetRow } from './matrix';

export interface Session {
  startMs: number;
  endMs: number;
  /** Counted in it, ms; less than its length where short breaks were none, more where it overlaps itself. */
  workedMs: number;
  jobs: string[];
  /** What was counted already when it was counted again. */
  twice: Span[];
  /** Single intervals that are marked for their length, as far as they lie in the day. */
  long: Span[];
  /** Whole length of the longest of them, ms; 0 if there is none. */
  longMs: number;
}

/** Columns of events that a row of the timesheet may be of. */
const WITHIN = ['project_id', 'task_id', 'job_id'];

/** SQL and its values for the counted intervals of a row of the timesheet that overlap a span of time. */
export function intervalsQuery({ user, within }: Pick<TimesheetRow, 'user' | 'within'>, { from, to }: Span) {
  const ids = { user_id: user, ...within };
  const known = Object.entries(ids).filter(([name]) => name === 'user_id' || WITHIN.includes(name));
  const conditions = known.map(([name, id]) =>
    id === '' ? `${name} IS NULL` : `${name} = {${name}:UInt64}`,
  );
  const params = Object.fromEntries(
    known.filter(([, id]) => id !== '').map(([name, id]) => [name, Number(id)]),
  );
  const sql = `SELECT job_id, start_ms, end_ms
FROM (
  SELECT job_id, arrayJoin(range(1, length(counted_ms), 2)) AS i, counted_ms[i] AS start_ms, counted_ms[i + 1] AS end_ms
  FROM events
  WHERE counted_until_ms > {from_ms:Int64} AND counted_from_ms < {to_ms:Int64}
    AND ${IS_HOURS}
    AND ${conditions.join(' AND ')}
)
WHERE end_ms > {from_ms:Int64} AND start_ms < {to_ms:Int64}
ORDER BY start_ms, end_ms`;
  return { sql, params: { ...params, from_ms: from, to_ms: to } };
}

/** Breaks shorter than this do not end a session, ms: the rule that counts time has the same. */
const BREAK_MS = 100_000;

/** Sessions of the intervals within a span, each cut at its ends; intervals in the order of their beginning. */
export function sessionsOf({ rows }: Frame, { from, to }: Span): Session[] {
  const sessions: Session[] = [];
  for (const [job, start, end] of rows as [unknown, number, number][]) {
    const [startMs, endMs] = [Math.max(start, from), Math.min(end, to)];
    if (endMs <= startMs) continue;
    const name = job === null ? '' : String(job);
    let session = sessions.at(-1);
    if (!session || startMs - session.endMs >= BREAK_MS) {
      session = { startMs, endMs: startMs, workedMs: 0, jobs: [], twice: [], long: [], longMs: 0 };
      sessions.push(session);
    }
    if (startMs < session.endMs) session.twice.push({ from: startMs, to: Math.min(endMs, session.endMs) });
    if (end - start >= LONG_MS) {
      session.long.push({ from: startMs, to: endMs });
      session.longMs = Math.max(session.longMs, end - start);
    }
    session.endMs = Math.max(session.endMs, endMs);
    session.workedMs += endMs - startMs;
    if (name !== '' && !session.jobs.includes(name)) session.jobs.push(name);
  }
  return sessions;
}

/** How much is counted although it was counted already, ms. */
export function twiceMs({ twice }: Pick<Session, 'twice'>): number {
  return twice.reduce((sum, { from, to }) => sum + to - from, 0);
}
