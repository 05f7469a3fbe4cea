/** Where rows that are looked at are in another answer. */
import type { Frame } from '../data/frame';
import { rowKeys } from '../events/identity';

/** What a table shows of a frame, in the order of its rows. */
export interface Listed {
  frame: Frame;
  rows: unknown[][];
}

/** The new places of rows by their old ones; `null` for a row that is gone. */
export function moved(before: Listed, now: Listed, places: number[]): (number | null)[] {
  // Rows that were loaded behind them move none.
  if (places.every((place) => before.rows[place] === now.rows[place])) return places;
  const [then, keys] = [keyed(before.frame), keyed(now.frame)];
  const found = new Map(now.rows.map((row, place) => [keys.get(row), place]));
  return places.map((place) => {
    const row = before.rows[place];
    return (row && found.get(then.get(row))) ?? null;
  });
}

function keyed(frame: Frame): Map<unknown[], string> {
  const keys = rowKeys(frame);
  return new Map(frame.rows.map((row, place) => [row, keys[place]!]));
}
