/** A frame as CSV (RFC 4180), times in the zone of the dashboard. */
import type { Zone } from '../time/zone';
import { timestampText } from '../time/format';
import { plainText, precisionOf, type Frame } from './frame';

export function csvOf(frame: Frame, zone: Zone): string {
  return csvHead(frame) + csvRows(frame, zone);
}

export function csvHead({ columns }: Frame): string {
  return line(columns.map(({ name }) => name));
}

/** Without the names of the columns: a long table is written piece by piece. */
export function csvRows({ columns, rows }: Frame, zone: Zone): string {
  const cell = (value: unknown, at: number) => {
    const { kind, type } = columns[at]!;
    if (kind === 'time' && typeof value === 'number')
      return timestampText(value, dayZone(type, zone), precisionOf(type));
    return guarded(plainText(value), typeof value === 'string');
  };
  return rows.map((row) => line(row.map(cell))).join('');
}

function line(cells: string[]): string {
  return cells.map(quoted).join(',') + '\r\n';
}

/** Days have no zone: moved to one west of Greenwich they would become the day before. */
export function dayZone(type: string, zone: Zone): Zone {
  return precisionOf(type) === 'day' ? 'utc' : zone;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Spreadsheets run what begins like a formula; events hold text that anybody may have sent. */
function guarded(text: string, isText: boolean): string {
  return isText && /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
}
