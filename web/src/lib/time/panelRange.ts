/** The range of one panel, where its file says another than its dashboard's. */
import type { Zone } from './zone';
import { isRelative, parseInstant } from './instant';
import { describe, resolve, type RawRange, type Range } from './range';

export interface TimeOverride {
  /** `2h`, or `now/d`: from then on until now. */
  timeFrom?: string | null;
  /** `1d`: so much earlier. */
  timeShift?: string | null;
  hideTimeOverride?: boolean;
}

export interface PanelRange {
  range: Range;
  /** What is said of it beside the title; empty for the dashboard's own range. */
  note: string;
}

export function panelRange(raw: RawRange, range: Range, override: TimeOverride, now: number, zone: Zone): PanelRange {
  const notes: string[] = [];
  let found: Range = range;
  let [rawFrom, rawTo] = [raw.from, raw.to];
  const { timeFrom, timeShift } = override;
  // Who looks at a fixed range wants that one, as in Grafana.
  if (timeFrom && isRelative(raw.from)) {
    const own = ownRange(timeFrom);
    const resolved = resolve(own, now, zone);
    if (resolved === null) notes.push(`The relative time ${timeFrom} cannot be read`);
    else {
      found = resolved;
      [rawFrom, rawTo] = [own.from, own.to];
      notes.push(said(timeFrom, own, now, zone));
    }
  }
  if (timeShift) {
    const shifted = shiftedBy(timeShift, { from: rawFrom, to: rawTo }, found, now, zone);
    if (shifted === null) notes.push(`The time shift ${timeShift} cannot be read`);
    else {
      found = shifted;
      notes.push(`${timeShift.replace(/^-/, '')} earlier`);
    }
  }
  return { range: found, note: override.hideTimeOverride ? '' : notes.join(', ') };
} // prettier-ignore

const UNITS: Record<string, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month', y: 'year' }; // prettier-ignore

/** `Last 3 days`. */
function said(timeFrom: string, own: RawRange, now: number, zone: Zone): string {
  const [, n, unit] = /^(?:now-)?(\d+)([smhdwMy])$/.exec(timeFrom) ?? [];
  if (n === undefined) return describe(own, now, zone);
  return n === '1' ? `Last ${UNITS[unit!]}` : `Last ${n} ${UNITS[unit!]}s`;
}

/** Grafana takes `2h` as well as `now-2h`, and `now/d` is the whole day. */
function ownRange(timeFrom: string): RawRange {
  const from = timeFrom.includes('now') ? timeFrom : `now-${timeFrom}`;
  return { from, to: /^now(-\d+\w)?\/\w$/.test(from) ? from : 'now' };
}

function shiftedBy(shift: string, raw: RawRange, range: Range, now: number, zone: Zone): Range | null {
  const step = `-${shift.replace(/^-/, '')}`;
  // A relative end is moved before it is rounded: a day before `now/d` is the whole day before.
  const end = (text: string, at: number, which: 'from' | 'to') =>
    isRelative(text) ? parseInstant(text.replace(/^\s*now/, `now${step}`), which, now, zone) : parseInstant(`now${step}`, which, at, zone);
  const [from, to] = [end(raw.from, range.from, 'from'), end(raw.to, range.to, 'to')];
  return from === null || to === null || from >= to ? null : { from, to };
} // prettier-ignore
