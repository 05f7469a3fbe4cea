/** Rows to lines: one for each number column and, where text columns are there, each of their values. */
import type { Range } from '../time/range';
import { numberOf, type Frame } from './frame';

export interface Series {
  name: string;
  /** The number column that it comes from: field overrides may mean that. */
  column: string;
  /** Its values of the text columns. */
  labels: Record<string, string>;
  values: (number | null)[];
}

export interface Lines {
  /** Instants, ms, ascending and each once. */
  times: number[];
  /** The distance between two of them, if there is one. */
  stepMs: number | null;
  series: Series[];
}

/** Above this a chart has no pixel for a gap, and filling in would only cost memory. */
const MAX_TIMES = 20_000;

/** `null` if there is no column of times, or none of numbers. */
export function linesOf(frames: Frame[], range: Range): Lines | null {
  const read = new Map<string, Points>();
  const seen = new Set<number>();
  // Some queries ignore the range; what they return beyond it must not stretch the chart.
  const first = range.from - stretch(range);
  let hasShape = false;
  for (const { columns, rows } of frames) {
    const time = columns.findIndex(({ kind }) => kind === 'time');
    const numbers = columns.flatMap(({ kind }, at) => (kind === 'number' ? [at] : []));
    const labels = columns.flatMap(({ kind }, at) => (kind === 'text' || kind === 'boolean' ? [at] : []));
    if (time < 0 || numbers.length === 0) continue;
    hasShape = true;
    const text = (row: unknown[], at: number) => (row[at] == null ? '(none)' : String(row[at]));
    for (const row of rows) {
      const instant = numberOf(row[time]);
      if (instant === null || instant < first || instant > range.to) continue;
      seen.add(instant);
      let label = labels.length > 0 ? text(row, labels[0]!) : '';
      for (let i = 1; i < labels.length; i++) label += ` · ${text(row, labels[i]!)}`;
      for (const at of numbers) {
        const column = columns[at]!.name;
        const name = labels.length === 0 ? column : numbers.length === 1 ? label : `${label} · ${column}`;
        let points = read.get(name);
        if (!points) {
          const named = Object.fromEntries(labels.map((at) => [columns[at]!.name, text(row, at)]));
          read.set(name, (points = { column, labels: named, instants: [], values: [] }));
        }
        points.instants.push(instant);
        points.values.push(numberOf(row[at]));
      }
    }
  }
  if (!hasShape) return null;
  const sorted = [...seen].sort((a, b) => a - b);
  const stepMs = stepOf(sorted);
  const times = stepMs === null ? sorted : filled(sorted, stepMs);
  const place = new Map(times.map((instant, at) => [instant, at]));
  const series = Array.from(read, ([name, { column, labels, instants, values }]) => {
    const all = new Array<number | null>(times.length).fill(null);
    instants.forEach((instant, i) => (all[place.get(instant)!] = values[i]!));
    return { name, column, labels, values: all };
  });
  return { times, stepMs, series };
}

/** What the rows say of a series, in their order. */
interface Points extends Pick<Series, 'column' | 'labels' | 'values'> {
  instants: number[];
}

/** The bucket that the range begins in starts before it. */
function stretch({ from, to }: Range): number {
  return Math.min((to - from) / 4, 86_400_000);
}

/** The smallest distance, if all others are multiples of it. */
function stepOf(times: number[]): number | null {
  let step = Infinity;
  for (let i = 1; i < times.length; i++) step = Math.min(step, times[i]! - times[i - 1]!);
  if (!Number.isFinite(step)) return null;
  for (let i = 1; i < times.length; i++) if ((times[i]! - times[i - 1]!) % step !== 0) return null;
  return (times.at(-1)! - times[0]!) / step > MAX_TIMES ? null : step;
}

/** With every missing bucket: a gap in the data shall be one in the chart. */
function filled(times: number[], stepMs: number): number[] {
  const n = Math.round((times.at(-1)! - times[0]!) / stepMs) + 1;
  return Array.from({ length: n }, (_, i) => times[0]! + i * stepMs);
}

/** What a legend calls a line: the file's name for it, with its labels filled in. */
export function seriesLabel({ name, labels }: Pick<Series, 'name' | 'labels'>, displayName = ''): string {
  const filled = displayName
    .replace(/\$\{__field\.labels(?:\.(\w+)|\["([^"]+)"\])\}/g, (_, dotted, quoted) => labels[(dotted ?? quoted) as string] ?? '')
    .replace(/\$\{__(?:field\.(?:name|displayName)|series\.name)\}/g, () => name); // prettier-ignore
  return filled.trim() === '' ? name : filled;
}
