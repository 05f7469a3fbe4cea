/** Times in cells: as much of one as its field's unit asks for, in the one form of the page. */
import { dayZone } from '../data/csv';
import { precisionOf } from '../data/frame';
import { timestampText } from '../time/format';
import type { Zone } from '../time/zone';

interface TimeForm {
  precision: 'day' | 'minute' | 's' | 'ms';
  /** Without its day. */
  isClock: boolean;
}

/** Of Grafana's `time:HH:mm`; to the second where nothing is asked for: the inspector has the rest. */
function formOf(type: string, unit: string): TimeForm {
  if (precisionOf(type) === 'day') return { precision: 'day', isClock: false };
  const pattern = /^time:(.+)$/s.exec(unit)?.[1];
  if (pattern === undefined) return { precision: 's', isClock: false };
  const isClock = /h/i.test(pattern) && !/[YMD]/.test(pattern);
  if (/S/.test(pattern)) return { precision: 'ms', isClock };
  if (/s/.test(pattern)) return { precision: 's', isClock };
  return { precision: /h/i.test(pattern) ? 'minute' : 'day', isClock };
}

export function timeText(instant: number, type: string, unit: string, zone: Zone): string {
  const { precision, isClock } = formOf(type, unit);
  const text = timestampText(instant, dayZone(type, zone), precision);
  return isClock ? text.slice(11) : text;
}

/** How long such a text is, in letters. */
export function timeLetters(type: string, unit = ''): number {
  return timeText(0, type, unit, 'utc').length;
}
