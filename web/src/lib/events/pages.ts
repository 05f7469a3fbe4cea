/** Events page by page, each asked for where it is likely to lie. */
import type { Answer } from '../api/client';
import type { Frame } from '../data/frame';
import type { Range } from '../time/range';
import { Params } from './conditions';
import { listSql, type EventList } from './list';
import { fresh, next, type Order } from './paging';

export interface AskedPage {
  sql: string;
  params: Record<string, unknown>;
  range: Range;
  limit: number;
  /** Ends of the range that are looked at in turn, until there are enough rows; without them the whole at once. */
  windows?: Range[];
}

export interface ListQuery {
  list: EventList;
  order: Order;
  range: Range;
  /** Of the filters and the search. */
  conditionsOf: (params: Params) => string[];
  ask: (asked: AskedPage) => Promise<Answer>;
}

export interface Page {
  /** The rows that are new. */
  frame: Frame;
  /** Whether nothing comes after it. */
  isEnd: boolean;
}

/** The newest page, as a panel asks it. */
export function firstPage({ list, order, range, conditionsOf }: Omit<ListQuery, 'ask'>): AskedPage {
  const params = new Params();
  const conditions = conditionsOf(params);
  const sql = listSql(list, { conditions, order: order.sql, limit: list.limit });
  const page = { sql, params: params.values, range, limit: list.limit };
  // What a search finds is often found soon; without one the newest are the newest.
  return conditions.length > 0 && isNewestFirst(order) ? { ...page, windows: windows(range, null) } : page;
}

/** Looks at one end of a range after the other; the answer is that of the whole. */
export async function inWindows(
  windows: Range[],
  limit: number,
  ask: (range: Range) => Promise<Answer>,
): Promise<Answer> {
  for (const window of windows.slice(0, -1)) {
    const answer = await ask(window);
    if (answer.frame.rows.length >= limit || answer.stats.truncated) return answer;
  }
  return ask(windows.at(-1)!);
}

/** What comes after the loaded rows; from the beginning on without any. */
export async function nextPage(query: ListQuery, loaded: Frame | null, nRows: number): Promise<Page> {
  const { list, order, range, conditionsOf, ask } = query;
  const params = new Params();
  const conditions = conditionsOf(params);
  const after =
    loaded === null ? { conditions: [], range, nRepeated: 0 } : next(loaded, order, range, params);
  if (after === null) return { frame: { ...loaded!, rows: [] }, isEnd: true };
  const limit = nRows + after.nRepeated;
  const sql = listSql(list, { conditions: [...conditions, ...after.conditions], order: order.sql, limit });
  const ends = isNewestFirst(order) ? windows(after.range, loaded) : [after.range];
  const { frame, stats } = await inWindows(ends, limit, (range) =>
    ask({ sql, params: params.values, range, limit }),
  );
  const isFull = frame.rows.length >= limit || stats.truncated;
  const rows = loaded === null ? frame.rows : fresh(loaded, frame, after.nRepeated);
  if (isFull && rows.length === 0) throw new Error('More events happened at one instant than fit a page.');
  return { frame: { ...frame, rows }, isEnd: !isFull };
}

const isNewestFirst = ({ column, isDescending }: Order) => column === null && isDescending;

/** The first one is looked at in vain seldom, and costs little then. */
const [LEAST_MS, STEP] = [60_000, 8];

/** Ends of the range that are looked at in turn, the last one whole: the events before are as dense as those after. */
export function windows(range: Range, loaded: Frame | null): Range[] {
  const found: Range[] = [];
  for (let ms = begin(range, loaded); range.to - ms > range.from; ms *= STEP)
    found.push({ from: range.to - ms, to: range.to });
  return [...found, range];
}

function begin({ from, to }: Range, loaded: Frame | null): number {
  const at = loaded?.columns.findIndex(({ name }) => name === 'timestamp') ?? -1;
  const [first, last] = [loaded?.rows[0]?.[at], loaded?.rows.at(-1)?.[at]];
  // Nothing is known yet.
  if (typeof first !== 'number' || typeof last !== 'number') return Math.max((to - from) / 64, LEAST_MS);
  return Math.max(2 * Math.abs(first - last), LEAST_MS);
}
