/** The answer that a chart draws: of its whole range, or of its newest part, and what is said of that. */
import type { Answer, QueryBody } from '../lib/api/client';
import { PANEL_ROWS } from '../lib/api/limits';
import { numberText } from '../lib/format/value';
import { coarser, covered, MOST_TRIES, newestFirst } from '../lib/query/coarser';
import { spanText } from '../lib/time/interval';

export interface WholeAnswer {
  body: QueryBody;
  answer: Answer;
  /** Empty if nothing was left out. */
  note: string;
}

type AskOne = (body: QueryBody) => Promise<Answer>;

export async function wholeAnswer(body: QueryBody, ask: AskOne): Promise<WholeAnswer> {
  let answer = await ask(body);
  let asked = body;
  for (let n = 0; answer.stats.truncated && asked.intervalMs !== undefined && n < MOST_TRIES; n++) {
    const intervalMs = coarser(asked.intervalMs, asked.range, covered(answer.frame, asked.range));
    if (intervalMs === null) break;
    asked = { ...asked, intervalMs };
    answer = await ask(asked);
  }
  const limit = body.limit ?? PANEL_ROWS;
  if (!answer.stats.truncated) {
    const isSame = asked === body;
    const note = isSame ? '' : `By ${spanText(asked.intervalMs!)}: finer is more than ${numberText(limit)} rows`;
    return { body: asked, answer, note };
  }
  const sql = newestFirst(body.sql, answer.frame, limit);
  // What cannot be turned around is shown as it came.
  const newest = sql === null ? null : await ask({ ...body, sql }).catch(() => null);
  if (newest === null) return { body, answer, note: `The first ${numberText(answer.frame.rows.length)} rows` };
  const frame = { ...newest.frame, rows: [...newest.frame.rows].reverse() };
  return { body, answer: { ...newest, frame }, note: `The newest ${numberText(frame.rows.length)} rows` };
} // prettier-ignore
