/** The events after those that are loaded: by the last one's place in the order, never by a number of rows. */
import { plainText, type Column, type Frame } from '../data/frame';
import { parseSort } from '../table/view';
import type { Range } from '../time/range';
import type { Params } from './conditions';
import { rowKeys } from './identity';
import { quoted } from './list';

/** How the events are ordered: by a column and then the newest first. */
export interface Order {
  /** For `ORDER BY`; the newest first by default. */
  sql: string | undefined;
  /** The column that comes before the time; `null` for the time alone. */
  column: string | null;
  isDescending: boolean;
}

export function orderOf(sort: string | undefined): Order {
  const order = parseSort(sort);
  if (order === null || (order.column === 'timestamp' && order.isDescending))
    return { sql: undefined, column: null, isDescending: true };
  const { column, isDescending } = order;
  if (column === 'timestamp') return { sql: 'timestamp ASC', column: null, isDescending: false };
  return { sql: `${quoted(column)} ${isDescending ? 'DESC' : 'ASC'}, timestamp DESC`, column, isDescending };
}

export interface Next {
  conditions: string[];
  /** More narrow than the whole where the time is the order. */
  range: Range;
  /** Rows at the end of the loaded ones that the next page has as well. */
  nRepeated: number;
}

/**
 * What comes after the loaded rows. Where positions are not told, events of the last one's instant come again, since
 * more of them may follow; `fresh` leaves out those that are there.
 */
export function next({ columns, rows }: Frame, order: Order, range: Range, params: Params): Next | null {
  const last = rows.at(-1);
  const placeOf = (name: string | null) => columns.findIndex((column) => column.name === name);
  const [at, by, place] = [placeOf('timestamp'), placeOf(order.column), placeOf('position')];
  const time = last?.[at];
  if (last === undefined || typeof time !== 'number' || (order.column !== null && by < 0)) return null;
  const instant = `fromUnixTimestamp64Milli(${params.add('Int64', time)})`;
  const position = last[place] == null ? null : params.add('UInt64', last[place]);
  const nRepeated = position === null ? nTies(rows, [at, by]) : 0;
  // Behind the last one: `beyond` it in time, or at its time and before it in the order of arrival.
  const behind = (beyond: '<' | '>') =>
    position === null
      ? `timestamp ${beyond}= ${instant}`
      : `timestamp ${beyond}= ${instant} AND (timestamp ${beyond} ${instant} OR position < ${position})`;
  if (order.column === null) {
    const ends = order.isDescending
      ? { from: range.from, to: Math.min(range.to, wholeSecond(time)) }
      : { from: Math.max(range.from, time), to: range.to };
    return { conditions: [behind(order.isDescending ? '<' : '>')], range: ends, nRepeated };
  }
  const column = quoted(order.column);
  const value = last[by];
  if (value === null) return { conditions: [`${column} IS NULL AND ${behind('<')}`], range, nRepeated };
  const limit = params.add(typeOf(columns[by]!), value);
  const beyond = `${column} ${order.isDescending ? '<' : '>'} ${limit}`;
  // NULL comes last, whichever way one sorts.
  const conditions = [`${beyond} OR ${column} IS NULL OR (${column} = ${limit} AND ${behind('<')})`];
  return { conditions, range, nRepeated };
}

/** How many rows at the end have the last one's values in these columns; a column that is not there has none. */
function nTies(rows: unknown[][], places: number[]): number {
  const last = rows.at(-1)!;
  const isTie = (row: unknown[]) =>
    places.every((place) => place < 0 || plainText(row[place]) === plainText(last[place]));
  return rows.length - 1 - rows.findLastIndex((row) => !isTie(row));
}

/** Rows of a page that are not there yet. Two that say the same are two. */
export function fresh(loaded: Frame, page: Frame, nRepeated: number): unknown[][] {
  const ties = { ...loaded, rows: loaded.rows.slice(loaded.rows.length - nRepeated) };
  const known = new Set(rowKeys(ties));
  const keys = rowKeys(page);
  return page.rows.filter((_, place) => !known.has(keys[place]!));
}

/**
 * After a refresh: the newest page, and behind it what had been loaded before, as far as both meet. Where they
 * do not, what lies between is not known, and the older ones go.
 */
export function merged(newest: Frame, before: Frame): Frame {
  const keys = new Set(rowKeys(newest));
  const old = rowKeys(before);
  const meeting = old.findLastIndex((key) => keys.has(key));
  if (meeting < 0) return newest;
  return { ...newest, rows: [...newest.rows, ...before.rows.slice(meeting + 1)] };
}

/** Macros of whole seconds cut the milliseconds off. */
function wholeSecond(ms: number): number {
  return Math.ceil((ms + 1) / 1000) * 1000;
}

function typeOf({ type }: Column): string {
  return /^(?:Nullable|LowCardinality)\((.*)\)$/s.exec(type)?.[1] ?? type;
}
