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
