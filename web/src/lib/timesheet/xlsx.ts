/** Workbooks: numbers are numbers, days are dates. */
import { generateXlsxFileSync } from 'write-excel-file/sync';
import type { SheetCell, SheetTable } from './table';

/**
 * The library's documented way compresses more than 160 kB in a worker made of a text, which the page's
 * policy forbids, and rightly; this one does it here.
 */
export async function workbook(sheets: { name: string; table: SheetTable }[]): Promise<Blob> {
  const data = sheets.map(({ name, table: { headers, rows } }) => {
    const columns = headers.map(columnOf);
    return {
      sheet: name,
      stickyRowsCount: 1,
      columns,
      data: [
        headers.map((header) => ({ ...cellOf(header, '0'), fontWeight: 'bold' })),
        ...rows.map((row) => row.map((value, at) => cellOf(value, columns[at]!.format))),
      ],
    };
  });
  return await generateXlsxFileSync(data, undefined, undefined, noImages);
}

/** Its width in letters, and how its numbers are shown. */
function columnOf(header: SheetCell): { width: number; format: string } {
  const name = typeof header === 'string' ? header : '';
  const width = { Hours: 28, User: 24, Note: 14 }[name] ?? 11;
  return { width, format: /\bid$/i.test(name) ? '0' : '0.00' };
}

function cellOf(value: SheetCell, format: string) {
  if (value === '') return null;
  if (typeof value === 'number') return { value, type: Number, format };
  if (typeof value === 'string') return { value, type: String };
  return { value: new Date(`${value.day}T00:00:00Z`), type: Date, format: 'yyyy-mm-dd' };
}

function noImages(): never {
  throw new Error('there are no images in these workbooks');
}
