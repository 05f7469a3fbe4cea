/** Walking a table's cells with keys, and what has to be scrolled for it. */

export interface Place {
  row: number;
  /** Place among the columns that are shown. */
  at: number;
}

export interface Size {
  rows: number;
  columns: number;
  /** Rows of a page. */
  page: number;
}

/** Where a key leads, within the table; `null` if it leads nowhere. */
export function walked(key: string, { row, at }: Place, { rows, columns, page }: Size): Place | null {
  const moves: Record<string, [number, number]> = {
    ArrowDown: [1, 0],
    ArrowUp: [-1, 0],
    ArrowRight: [0, 1],
    ArrowLeft: [0, -1],
    PageDown: [page, 0],
    PageUp: [-page, 0],
    Home: [0, -columns],
    End: [0, columns],
  };
  const move = moves[key];
  if (!move) return null;
  return {
    row: Math.min(Math.max(row + move[0], 0), rows - 1),
    at: Math.min(Math.max(at + move[1], 0), columns - 1),
  };
}

/** How far to scroll so that what lies from `start` to `end` is in sight of `sight` px. */
export function scrolled(scroll: number, sight: number, start: number, end: number): number {
  if (start < scroll) return start;
  return end > scroll + sight ? end - sight : scroll;
}
