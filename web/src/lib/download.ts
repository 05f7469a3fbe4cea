/** Saves a file on the person's machine. */
export function download(name: string, content: BlobPart | BlobPart[], type: string) {
  const parts = Array.isArray(content) ? content : [content];
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Browsers read it after the click returns.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Spreadsheets take a file for their own system's encoding unless it begins with this mark. */
const BYTE_ORDER_MARK = '\ufeff';

/** Saves a table that a spreadsheet opens with its umlauts. */
export function downloadCsv(title: string, csv: string | BlobPart[]) {
  const parts = Array.isArray(csv) ? csv : [csv];
  download(fileName(title, 'csv'), [BYTE_ORDER_MARK, ...parts], 'text/csv;charset=utf-8');
}

/** A title as a file's name. */
export function fileName(title: string, extension: string): string {
  const words = title.trim().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, ''); // prettier-ignore
  return `${words.slice(0, 80) || 'annoscope'}.${extension}`;
}
