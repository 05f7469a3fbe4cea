/** Workbooks, by a library that is fetched when the first one is wanted. */
import type { SheetTable } from './table';

export async function workbook(sheets: { name: string; table: SheetTable; format: string }[]): Promise<Blob> {
  const { default: writeXlsxFile } = await import('write-excel-file/browser');
  const data = sheets.map(({ name, table, format }) => ({
    sheet: name,
    stickyRowsCount: 1,
    data: [
      table.headers.map((value) => ({ value, fontWeight: 'bold' as const })),
      ...table.rows.map((row) =>
        row.map((value) =>
          typeof value === 'number' ? { value, type: Number, format } : { value, type: String },
        ),
      ),
    ],
  }));
  return await writeXlsxFile(data as never).toBlob();
}
