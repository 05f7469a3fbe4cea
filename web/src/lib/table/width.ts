/** Widths of columns before a person resizes them: by what is in them, measured in letters. */
import { plainText, type Column } from '../data/frame';
import { timeLetters } from '../format/moment';
import type { TableColumn } from './columns';

/** Width of a digit at 13 px, px; texts are a little narrower on average. */
const LETTER_PX = 7.2;
const PADDING_PX = 22;
const [LEAST_PX, MOST_PX] = [56, 420];
const MOST_HEADER_PX = 140;
/** Enough to know a column by, and quick at 100,000 rows. */
const N_SAMPLED = 200;

/** Narrower no column is dragged, px. */
export const LEAST_DRAGGED_PX = 40;
/** By which a key changes a width, px. */
const KEY_STEP_PX = 16;

/** What a key adds to the width of a column, px; `null` if it is none of those. */
export function widthStep(key: string): number | null {
  return { ArrowLeft: -KEY_STEP_PX, ArrowRight: KEY_STEP_PX }[key] ?? null;
}

/** What a name and its unit need, with room for the sort mark; a long one is cut all the same. */
export function headerWidth(name: string, unit: string | null): number {
  const letters = name.length + (unit === null ? 0 : unit.length + 1) + 1;
  return Math.round(Math.min(letters * LETTER_PX + PADDING_PX, MOST_HEADER_PX));
}

/** `places` says where in a row each column is; the unit of a time says how long its text is. */
export function naturalWidths(
  columns: (Column & { unit?: string | undefined })[],
  places: number[],
  rows: unknown[][],
): number[] {
  const step = Math.max(1, Math.floor(rows.length / N_SAMPLED));
  const sample = rows.filter((_, index) => index % step === 0);
  return columns.map(({ name, kind, type, unit }, i) => {
    const letters = (value: unknown) => (kind === 'time' ? timeLetters(type, unit) : lengthOf(value, kind));
    const longest = sample.reduce((most, row) => Math.max(most, letters(row[places[i]!])), 0);
    // The header's name needs room for its sort mark.
    const wanted = Math.max(longest, name.length + 2) * LETTER_PX + PADDING_PX;
    return Math.round(Math.min(Math.max(wanted, LEAST_PX), MOST_PX));
  });
}

function lengthOf(value: unknown, kind: Column['kind']): number {
  if (value == null) return 1;
  // Digits, their separators and few decimals, whatever JSON says.
  if (kind === 'number')
    return Math.ceil(Math.log10(Math.abs(Number(value)) + 10) * 1.3) + (Number.isInteger(value) ? 0 : 3);
  return plainText(value).length;
}

/** Stretches what has most to say until the table fills its panel. */
export function fill(widths: number[], isFixed: boolean[], available: number): number[] {
  const missing = available - widths.reduce((sum, width) => sum + width, 0);
  const flexible = widths.reduce((sum, width, index) => sum + (isFixed[index] ? 0 : width), 0);
  if (missing <= 0 || flexible === 0) return widths;
  return widths.map((width, index) =>
    isFixed[index] ? width : width + Math.floor((missing * width) / flexible),
  );
}

/**
 * Widths of all columns, px. A width of the file is where a column begins: headers and times are never cut, and room
 * that is left is shared. Where there is little, no column is wider than it needs. One that was dragged stays as it is.
 */
export function columnWidths(
  columns: Pick<TableColumn, 'column' | 'header' | 'unit' | 'widthPx' | 'at' | 'config'>[],
  rows: unknown[][],
  dragged: Record<string, number>,
  available: number,
  isNarrow = false,
): number[] {
  const natural = naturalWidths(
    columns.map(({ column, header, config }) => ({ ...column, name: header, unit: config.unit })),
    columns.map(({ at }) => at),
    rows,
  );
  const wanted = columns.map(({ column, header, unit, widthPx }, i) => {
    const own = dragged[column.name];
    if (own !== undefined) return own;
    const least = headerWidth(header, unit);
    if (isNarrow) return Math.max(least, Math.min(natural[i]!, widthPx ?? Infinity));
    if (column.kind === 'time') return Math.max(widthPx ?? 0, natural[i]!);
    return widthPx === null ? natural[i]! : Math.max(widthPx, least);
  });
  return fill(
    wanted,
    columns.map(({ column }) => column.name in dragged),
    available,
  );
}
