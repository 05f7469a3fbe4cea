/** What a chart asks where its rows are more than it draws: never the oldest part of them alone. */
import type { Frame } from '../data/frame';
import { numberOf } from '../data/frame';
import { bucketMs } from '../time/interval';
import type { Range } from '../time/range';

/** Questions that one panel may ask for it. */
export const MOST_TRIES = 4;

/** The part of the range that the rows that came are of, if they came in the order of time. */
export function covered({ columns, rows }: Frame, { from, to }: Range): number {
  const time = columns.findIndex(({ kind }) => kind === 'time');
  const last = rows.reduce((last, row) => Math.max(last, numberOf(row[time]) ?? -Infinity), -Infinity);
  const part = (last - from) / (to - from);
  return Number.isFinite(part) ? Math.min(Math.max(part, 0.01), 1) : 1;
}

/** The width of buckets of which the whole range has no more rows, ms; `null` if that is all of it. */
export function coarser(intervalMs: number, { from, to }: Range, part: number): number | null {
  const wider = bucketMs(0, 1, intervalMs * Math.max(2, 1.1 / part));
  return wider > intervalMs && wider < to - from ? wider : null;
}

/** The query for its newest rows alone; `null` if no column of it is a time. */
export function newestFirst(sql: string, { columns }: Frame, limit: number): string | null {
  const time = columns.find(({ kind }) => kind === 'time');
  if (time === undefined) return null;
  const name = `\`${time.name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
  return `SELECT * FROM (\n${sql.replace(/[\s;]+$/, '')}\n) ORDER BY ${name} DESC LIMIT ${limit}`;
}
