/** Walking a table's cells with keys, and what has to be scrolled for it. */

export interface Place {
  /** -1 is the line of the headers, where it is walked. */
  row: number;
  /** Place among the columns that are shown. */
  at: number;
}

export interface Size {
  rows: number;
  columns: number;
  /** Rows of a page. */
  page: number;
  /** The first row that is walked. */
  first?: number;
}

/** A key that is pressed, and whether with Ctrl. */
export type Key = Pick<KeyboardEvent, 'key' | 'ctrlKey'>;

/** Where a key leads, within the table; `null` if it leads nowhere. */
export function walked({ key, ctrlKey }: Key, { row, at }: Place, size: Size): Place | null {
  const { rows, columns, page, first = 0 } = size;
  if (ctrlKey && key !== 'Home' && key !== 'End') return null;
  const far = ctrlKey ? rows + 1 : 0;
  const moves: Record<string, [number, number]> = {
    ArrowDown: [1, 0],
    ArrowUp: [-1, 0],
    ArrowRight: [0, 1],
    ArrowLeft: [0, -1],
    PageDown: [page, 0],
    PageUp: [-page, 0],
    Home: [-far, -columns],
    End: [far, columns],
  };
  const move = moves[key];
  if (!move) return null;
  // To the headers one goes step by step.
  const least = key === 'ArrowUp' || row < 0 ? first : 0;
  return within({ row: Math.max(row + move[0], least), at: at + move[1] }, size);
}

/** The nearest cell that is there. */
export function within({ row, at }: Place, { rows, columns, first = 0 }: Omit<Size, 'page'>): Place {
  return {
    row: Math.max(Math.min(row, rows - 1), first),
    at: Math.max(Math.min(at, columns - 1), 0),
  };
}

/** How far to scroll so that what lies from `start` to `end` is in sight of `sight` px. */
export function scrolled(scroll: number, sight: number, start: number, end: number): number {
  if (start < scroll) return start;
  return end > scroll + sight ? end - sight : scroll;
}
