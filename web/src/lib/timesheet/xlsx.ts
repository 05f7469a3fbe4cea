/** Workbooks: numbers are numbers, days are dates, times are times. */
import { generateXlsxFileSync } from 'write-excel-file/sync';
import type { Cell, CellKind, Sheet } from './sheets';

const HOUR_MS = 3_600_000;

/** How a spreadsheet shows each kind. Seconds too: spreadsheets cut them off, and sums would look wrong. */
const FORMATS: Partial<Record<CellKind, string>> = {
  id: '0',
  duration: '[h]:mm:ss',
  hours: '0.00',
  minutes: '0.00',
};

/** What a number of each kind is, of ms. */
const UNITS: Partial<Record<CellKind, number>> = {
  duration: 24 * HOUR_MS,
  hours: HOUR_MS,
  minutes: 60_000,
};

const BOLD = { fontWeight: 'bold' };

/**
 * Each sheet with the same lines on top, and frozen below its head.
 *
 * The library's documented way compresses more than 160 kB in a worker made of a text, which the page's
 * policy forbids, and rightly; this one does it here.
 */
export async function workbook(title: string, lines: [string, string][], sheets: Sheet[]): Promise<Blob> {
  const text = (value: string) => ({ value, type: String });
  const top = [[{ ...text(title), ...BOLD }], ...lines.map(([name, value]) => [text(name), text(value)]), []];
  const made = sheets.map(({ name, columns, rows, sums }) => {
    const line = (row: Cell[]) => row.map((value, at) => cellOf(value, columns[at]!.kind));
    return {
      sheet: name,
      stickyRowsCount: top.length + 1,
      stickyColumnsCount: 1,
      columns: columns.map(({ width }) => ({ width })),
      data: [
        ...top,
        columns.map(({ header }) => ({ ...cellOf(header, 'text'), ...BOLD })),
        ...rows.map(line),
        ...(sums === null ? [] : [line(sums).map((cell) => (cell === null ? null : { ...cell, ...BOLD }))]),
      ],
    };
  });
  return await generateXlsxFileSync(made, undefined, undefined, noImages);
}

function cellOf(value: Cell, kind: CellKind) {
  if (value === null || value === '') return null;
  if (typeof value === 'string') return { value, type: String };
  if (typeof value === 'number') return { value: value / (UNITS[kind] ?? 1), type: Number, format: FORMATS[kind]! }; // prettier-ignore
  return { value: new Date(`${value.day}T00:00:00Z`), type: Date, format: 'yyyy-mm-dd' };
}

function noImages(): never {
  throw new Error('there are no images in these workbooks');
}
