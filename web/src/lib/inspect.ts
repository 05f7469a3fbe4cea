/** What a value is, so that it can be shown as that: JSON, a stack trace, or a text. */

import { dayZone } from './data/csv';
import { plainText, precisionOf, type Column, type Frame } from './data/frame';
import type { Zone } from './time/zone';
import { timestampText } from './time/format';

export type Inspected =
  { kind: 'json'; value: object } | { kind: 'stack'; lines: string[] } | { kind: 'text'; text: string };

export function inspected(value: unknown, name = ''): Inspected {
  if (typeof value === 'object' && value !== null) return { kind: 'json', value };
  const text = value === null || value === undefined ? '' : String(value);
  if (/^\s*[[{]/.test(text)) {
    try {
      const parsed = JSON.parse(text) as unknown;
      if (typeof parsed === 'object' && parsed !== null) return { kind: 'json', value: parsed };
    } catch {
      // Then it is a text that begins like JSON.
    }
  }
  const isStack = /stack|trace/i.test(name) || /^\s+at |^Traceback|^\s+File "/m.test(text);
  return isStack && text.includes('\n') ? { kind: 'stack', lines: text.split('\n') } : { kind: 'text', text };
}

/** A value in one line, as lists of an event's fields have it. */
export function fieldText(value: unknown, { kind, type }: Column, zone: Zone): string {
  if (value === null || value === '') return '–';
  if (kind === 'time' && typeof value === 'number')
    return timestampText(value, dayZone(type, zone), precisionOf(type));
  return plainText(value);
}

/**
 * When the row happened, ms: by the column that is looked at if it is an instant, else by the first
 * that is. A day is none.
 */
export function instantOfRow({ columns, rows }: Frame, row: number, looked: string): number | null {
  const instants = columns.filter(({ kind, type }) => kind === 'time' && precisionOf(type) !== 'day');
  const column = instants.find(({ name }) => name === looked) ?? instants[0];
  const value = column && rows[row]?.[columns.indexOf(column)];
  return typeof value === 'number' ? value : null;
}
