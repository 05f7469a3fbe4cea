/** Columns of a table on paper: as wide as their texts are long, all within the page. */

/** Letters of a line of A4 lying. */
export const LINE_LETTERS = 165;
/** A longer text has several lines. */
const MOST_LETTERS = 70;
/** Beside the letters. */
const GAP_LETTERS = 2;
/** Rows that are looked at. */
const SAMPLE = 300;

/** The longest of each column, its header included, in letters. */
export function lettersOf(headers: string[], rows: string[][]): number[] {
  const longest = headers.map((header) => header.length);
  for (const row of rows.slice(0, SAMPLE)) {
    row.forEach((text, at) => (longest[at] = Math.max(longest[at]!, text.length)));
  }
  return longest.map((letters) => GAP_LETTERS + Math.min(letters, MOST_LETTERS));
}

/** Shares of the width, in percent: those that are short keep their lines where there is not room for all. */
export function sharesOf(letters: number[]): number[] {
  const total = letters.reduce((sum, n) => sum + n, 0);
  // What is too much is taken from the long ones.
  const most = total <= LINE_LETTERS ? Infinity : fairMost(letters);
  const kept = letters.map((n) => Math.min(n, most));
  const sum = kept.reduce((a, b) => a + b, 0);
  return kept.map((n) => (100 * n) / sum);
}

/** So many letters for each that needs more, that all of them fill the line. */
function fairMost(letters: number[]): number {
  const sorted = [...letters].sort((a, b) => a - b);
  let left = LINE_LETTERS;
  for (const [at, n] of sorted.entries()) {
    const share = left / (sorted.length - at);
    if (n > share) return share;
    left -= n;
  }
  return Infinity;
}
