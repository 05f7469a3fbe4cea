/** Which rows of a long list are in sight: all are of one height, so nothing is measured. */

export interface Visible {
  first: number;
  /** Not included. */
  end: number;
}

export function visible(n: number, rowPx: number, scrollPx: number, heightPx: number, overscan = 6): Visible {
  const first = Math.max(0, Math.floor(scrollPx / rowPx) - overscan);
  const end = Math.min(n, Math.ceil((scrollPx + heightPx) / rowPx) + overscan);
  return { first: Math.min(first, end), end };
}

/** Which columns are in sight, and one more on each side. */
export function visibleColumns(widths: number[], scrollPx: number, widthPx: number): Visible {
  let first = 0;
  let end = 0;
  let left = 0;
  widths.forEach((width, at) => {
    if (left + width <= scrollPx) first = at;
    if (left < scrollPx + widthPx) end = at + 2;
    left += width;
  });
  return { first, end: Math.min(end, widths.length) };
}

/** Places of the columns to draw: those in sight, and the first where it stays at the edge. */
export function drawnColumns(
  widths: number[],
  scrollPx: number,
  widthPx: number,
  isFrozen: boolean,
): number[] {
  const { first, end } = visibleColumns(widths, scrollPx, widthPx);
  const places = Array.from({ length: end - first }, (_, i) => first + i);
  return isFrozen && first > 0 ? [0, ...places] : places;
}

/** Rows in sight by the slot that draws them, -1 for none: as one scrolls, few slots get another row. */
export function slots({ first, end }: Visible, n: number): number[] {
  const offset = first % n;
  return Array.from({ length: n }, (_, slot) => {
    const row = first + ((slot - offset + n) % n);
    return row < end ? row : -1;
  });
}
