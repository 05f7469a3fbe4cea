/** Events as a timeline: a lane for each kind, a bar for each event or for those too near to tell apart. */
import { numberOf, plainText, type Frame } from '../data/frame';
import { add, startOf } from '../time/calendar';
import type { Zone } from '../time/zone';
import { bucketMs } from '../time/interval';
import type { Range } from '../time/range';

export interface Mark {
  /** Place in the rows. */
  row: number;
  fromMs: number;
  toMs: number;
}

export interface Lane {
  name: string;
  marks: Mark[];
}

export interface Bar {
  xPx: number;
  widthPx: number;
  marks: Mark[];
}

/** Lanes that are read; the others share one. */
const MOST_LANES = 30;

/** Narrower nobody hits with a pointer. */
const LEAST_PX = 3;

/**
 * Lanes by the first column of texts, most events first. An event with a `duration` lasts so many ms from its time
 * on. `null` if no column is a time.
 */
export function lanesOf({ columns, rows }: Frame): Lane[] | null {
  const time = columns.findIndex(({ kind }) => kind === 'time');
  const label = columns.findIndex(({ kind }) => kind === 'text');
  const duration = columns.findIndex(({ name, kind }) => name === 'duration' && kind === 'number');
  if (time < 0) return null;
  const lanes = new Map<string, Mark[]>();
  rows.forEach((row, at) => {
    const fromMs = numberOf(row[time]);
    if (fromMs === null) return;
    const name = label < 0 ? 'events' : plainText(row[label]) || '(none)';
    const marks = lanes.get(name) ?? [];
    lanes.set(name, marks);
    marks.push({ row: at, fromMs, toMs: fromMs + (duration < 0 ? 0 : (numberOf(row[duration]) ?? 0)) });
  });
  const byTime = (a: Mark, b: Mark) => a.fromMs - b.fromMs || a.row - b.row;
  const all = Array.from(lanes, ([name, marks]) => ({ name, marks: marks.sort(byTime) }));
  all.sort((a, b) => b.marks.length - a.marks.length || a.name.localeCompare(b.name, 'en'));
  if (all.length <= MOST_LANES) return all;
  const rest = all.slice(MOST_LANES - 1);
  const others = { name: `${rest.length} others`, marks: rest.flatMap(({ marks }) => marks).sort(byTime) };
  return [...all.slice(0, MOST_LANES - 1), others];
}

/** A bar by its lane and its place there. */
export interface BarPlace {
  lane: number;
  bar: number;
}

/** Where a key leads: along the lane, or to the nearest bar of another; `null` if it leads nowhere. */
export function walkedBars(
  key: string,
  { lane, bar }: BarPlace,
  lanes: { xPx: number }[][],
): BarPlace | null {
  const last = (lanes[lane]?.length ?? 0) - 1;
  const along = { ArrowLeft: bar - 1, ArrowRight: bar + 1, Home: 0, End: last }[key];
  if (along !== undefined) return { lane, bar: Math.max(0, Math.min(along, last)) };
  const step = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (step === undefined) return null;
  const xPx = lanes[lane]?.[bar]?.xPx ?? 0;
  for (let to = lane + step; to >= 0 && to < lanes.length; to += step) {
    const bars = lanes[to]!;
    if (bars.length === 0) continue;
    const distance = (at: number) => Math.abs(bars[at]!.xPx - xPx);
    return { lane: to, bar: bars.reduce((best, _, at) => (distance(at) < distance(best) ? at : best), 0) };
  }
  return { lane, bar };
}

/** The bar that has the focus: one that is there. */
export function barWithin({ lane, bar }: BarPlace, lanes: readonly unknown[][]): BarPlace | null {
  const n = lanes[lane]?.length ?? 0;
  if (n > 0) return { lane, bar: Math.min(bar, n - 1) };
  const first = lanes.findIndex((bars) => bars.length > 0);
  return first < 0 ? null : { lane: first, bar: 0 };
}

/** What is drawn of a lane's marks, which are in the order of time: those that touch are one bar. */
export function barsIn(marks: Mark[], { from, to }: Range, widthPx: number): Bar[] {
  const bars: Bar[] = [];
  const at = (instant: number) => ((instant - from) / (to - from)) * widthPx;
  for (const mark of marks) {
    if (mark.toMs < from || mark.fromMs > to) continue;
    const xPx = Math.max(at(mark.fromMs), 0);
    const endPx = Math.max(Math.min(at(mark.toMs), widthPx), xPx + LEAST_PX);
    const last = bars.at(-1);
    if (last !== undefined && xPx <= last.xPx + last.widthPx) {
      last.widthPx = Math.max(last.widthPx, endPx - last.xPx);
      last.marks.push(mark);
    } else bars.push({ xPx, widthPx: endPx - xPx, marks: [mark] });
  }
  return bars;
}

const DAY = 86_400_000;

/** Instants that are written below, at most `nMost`, and how far they are apart, ms. */
export function timeTicks({ from, to }: Range, nMost: number, zone: Zone): { at: number[]; stepMs: number } {
  const stepMs = bucketMs(to - from, nMost, 1_000);
  const first = startOf(from, 'd', zone);
  const at: number[] = [];
  // Days keep their beginning over changes of the clock.
  for (let n = 0, instant = first; instant <= to; n++) {
    if (instant >= from) at.push(instant);
    instant = stepMs >= DAY ? add(first, (n + 1) * Math.round(stepMs / DAY), 'd', zone) : first + (n + 1) * stepMs; // prettier-ignore
  }
  return { at, stepMs };
}
