/** Columns of a table on paper: as wide as their texts are long, all within the page. */

/** Letters of a line of A4 lying. */
export const LINE_LETTERS = 165;
/** A longer text has several lines. */
const MOST_LETTERS = 70;
/** Where there is not room for all, texts from here on have a line of their own below the others of their row. */
const LONG_LETTERS = 40;
/** Beside the letters. */
const GAP_LETTERS = 2;
/** Rows that are looked at. */
const SAMPLE = 300;

/** The longest of each column, in letters; of its header the longest word, since the others may stand below it. */
export function lettersOf(headers: string[], rows: string[][]): number[] {
  const longest = headers.map((header) => Math.max(...header.split(/[\s_]/).map((word) => word.length + 1)));
  for (const row of rows.slice(0, SAMPLE)) {
    row.forEach((text, at) => (longest[at] = Math.max(longest[at]!, text.length)));
  }
  return longest.map((letters) => GAP_LETTERS + Math.min(letters, MOST_LETTERS));
}

/** Which columns have a line of their own. */
export function longOnes(letters: number[]): boolean[] {
  const isTooWide = letters.reduce((sum, n) => sum + n, 0) > LINE_LETTERS;
  return letters.map((n) => isTooWide && n >= LONG_LETTERS);
}

/** Shares of the width, in percent: where there is not room for all, the short ones keep their lines. */
export function sharesOf(letters: number[]): number[] {
  const fair = fairShare(letters);
  const kept = letters.map((n) => (n > fair ? 0 : n));
  const left = LINE_LETTERS - kept.reduce((a, b) => a + b, 0);
  // Of the others the longest gets more, but not all.
  const weights = letters.map((n) => (n > fair ? Math.sqrt(n) : 0));
  const weight = weights.reduce((a, b) => a + b, 0);
  const widths = kept.map((n, at) => n + (weight === 0 ? 0 : (left * weights[at]!) / weight));
  const sum = widths.reduce((a, b) => a + b, 0);
  return widths.map((n) => (100 * n) / sum);
}

/** So many letters each, if those that need fewer left the rest to the others; `Infinity` if there is room for all. */
function fairShare(letters: number[]): number {
  const sorted = [...letters].sort((a, b) => a - b);
  let left = LINE_LETTERS;
  for (const [at, n] of sorted.entries()) {
    const share = left / (sorted.length - at);
    if (n > share) return share;
    left -= n;
  }
  return Infinity;
}
