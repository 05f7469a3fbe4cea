/** A frame as CSV (RFC 4180), times in the zone of the dashboard. */
import type { Zone } from '../time/zone';
import { timestampText } from '../time/format';
import { plainText, precisionOf, type Frame } from './frame';

export function csvOf({ columns, rows }: Frame, zone: Zone): string {
  const line = (cells: string[]) => cells.map(quoted).join(',') + '\r\n';
  const cell = (value: unknown, at: number) => {
    const { kind, type } = columns[at]!;
    if (kind === 'time' && typeof value === 'number')
      return timestampText(value, dayZone(type, zone), precisionOf(type));
    return guarded(plainText(value), typeof value === 'string');
  };
  return line(columns.map(({ name }) => name)) + rows.map((row) => line(row.map(cell))).join('');
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
