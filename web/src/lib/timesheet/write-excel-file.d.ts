/** What `vite.config.ts` finds under this name: the library has it, and no entry for it. */
declare module 'write-excel-file/sync' {
  interface Cell {
    value: string | number | Date;
    type: StringConstructor | NumberConstructor | DateConstructor;
    format?: string;
    fontWeight?: string;
  }
  interface Sheet {
    sheet: string;
    stickyRowsCount: number;
    stickyColumnsCount: number;
    columns: { width: number }[];
    data: (Cell | Partial<Cell> | null)[][];
  }
  export function generateXlsxFileSync(sheets: Sheet[], options: undefined, more: undefined, readImage: () => never): Promise<Blob>; // prettier-ignore
}
