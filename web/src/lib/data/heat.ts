/** A heat map: how much there is of what at which time. Rows are fields or labels, or buckets of the values. */
import { fieldConfig } from '../format/field';
import { figureText, unitAt } from '../format/value';
import type { FieldConfig, GrafanaPanel } from '../model/grafana';
import { startOf } from '../time/calendar';
import { bucketMs, parseSpan } from '../time/interval';
import type { Range } from '../time/range';
import type { Zone } from '../time/zone';
import { roundStep } from './axis';
import { numberOf, type Column, type Frame } from './frame';
import { linesOf } from './series';

export interface Heat {
  /** When each column begins, ascending, and how long it is, ms. */
  times: number[];
  widths: number[];
  /** From below. */
  rows: HeatRow[];
  least: number;
  most: number;
}

export interface HeatRow {
  name: string;
  column: Pick<Column, 'name' | 'labels'>;
  values: (number | null)[];
}

interface BucketOptions {
  mode?: string;
  value?: string;
  scale?: { type?: string; log?: number };
}

export interface HeatOptions {
  calculate?: boolean;
  calculation?: { xBuckets?: BucketOptions; yBuckets?: BucketOptions };
  color?: { mode?: string; scheme?: string; fill?: string; scale?: string; exponent?: number; steps?: number; min?: number; max?: number; reverse?: boolean };
  cellGap?: number;
  cellValues?: { unit?: string; decimals?: number };
  filterValues?: { le?: number; ge?: number };
  showValue?: string;
  legend?: { show?: boolean };
  tooltip?: { mode?: string; show?: boolean };
  yAxis?: { reverse?: boolean; unit?: string; decimals?: number; axisPlacement?: string };
} // prettier-ignore

export function heatOptions({ options }: GrafanaPanel): HeatOptions {
  return (options ?? {}) as HeatOptions;
}

/** How the numbers in the cells are written. */
export function cellStyle(panel: GrafanaPanel): FieldConfig {
  const { cellValues } = heatOptions(panel);
  const { unit, decimals } = panel.fieldConfig?.defaults ?? {};
  const own = { unit: cellValues?.unit ?? unit, decimals: cellValues?.decimals ?? decimals };
  return { ...(own.unit === undefined ? {} : { unit: own.unit }), ...(own.decimals === undefined ? {} : { decimals: own.decimals }) }; // prettier-ignore
}

/** `null` if there is no column of times, or none of numbers. */
export function heatOf(panel: GrafanaPanel, frames: Frame[], range: Range, zone: Zone): Heat | null {
  const options = heatOptions(panel);
  const found = options.calculate === true ? counted(panel, frames, range, zone) : listed(panel, frames, range); // prettier-ignore
  if (found === null) return null;
  const { le = 1e-9, ge = Infinity } = options.filterValues ?? {};
  const rows = found.rows.map((row) => ({
    ...row,
    values: row.values.map((value) => (value === null || value <= le || value >= ge ? null : value)),
  }));
  let [least, most] = [Infinity, -Infinity];
  for (const { values } of rows)
    for (const value of values) if (value !== null) [least, most] = [Math.min(least, value), Math.max(most, value)]; // prettier-ignore
  return {
    ...found,
    rows: options.yAxis?.reverse === true ? rows.reverse() : rows,
    least: options.color?.min ?? Math.min(least, 0),
    most: options.color?.max ?? most,
  };
}

type Found = Pick<Heat, 'times' | 'widths' | 'rows'>;

/** Buckets that are numbers (`le` of Prometheus) in their order, others as they come. */
function listed(panel: GrafanaPanel, frames: Frame[], range: Range): Found | null {
  const lines = linesOf(frames, range);
  if (lines === null) return null;
  const rows = lines.series.map(({ name, column, labels, values }) => ({
    name: fieldConfig(panel, { name, kind: 'number' }).displayName ?? name,
    column: { name: column, labels },
    values,
  }));
  if (rows.every(({ name }) => numberOf(name) !== null)) rows.sort((a, b) => Number(a.name) - Number(b.name));
  return { times: lines.times, widths: widthsOf(lines.times, range), rows };
}

/** Days are of 23 or 25 hours where clocks change; what is missing is no wide column. */
function widthsOf(times: number[], { from, to }: Range): number[] {
  const steps = times.slice(1).map((time, i) => time - times[i]!);
  const usual = [...steps].sort((a, b) => a - b)[steps.length >> 1] ?? bucketMs(to - from, 24);
  return times.map((_, i) => (steps[i] !== undefined && steps[i] < 1.5 * usual ? steps[i] : usual));
}

/** How many values lie in each bucket of time and size. */
function counted(panel: GrafanaPanel, frames: Frame[], range: Range, zone: Zone): Found | null {
  const points: [number, number][] = [];
  let hasShape = false;
  for (const { columns, rows } of frames) {
    const time = columns.findIndex(({ kind }) => kind === 'time');
    const numbers = columns.flatMap(({ kind }, at) => (kind === 'number' ? [at] : []));
    if (time < 0 || numbers.length === 0) continue;
    hasShape = true;
    for (const row of rows) {
      const instant = numberOf(row[time]);
      if (instant === null || instant < range.from || instant > range.to) continue;
      for (const at of numbers) {
        const value = numberOf(row[at]);
        if (value !== null) points.push([instant, value]);
      }
    }
  }
  if (!hasShape) return null;
  if (points.length === 0) return { times: [], widths: [], rows: [] };
  const { xBuckets = {}, yBuckets = {} } = heatOptions(panel).calculation ?? {};
  const stepMs = timeStep(xBuckets, range);
  // Buckets of hours begin with hours, those of days with days.
  const first = startOf(range.from, 'd', zone);
  const columnOf = (instant: number) => Math.floor((instant - first) / stepMs);
  const begin = columnOf(range.from);
  const times = Array.from({ length: columnOf(range.to) - begin + 1 }, (_, i) => first + (begin + i) * stepMs); // prettier-ignore
  const { unit } = heatOptions(panel).yAxis ?? {};
  const config = { ...panel.fieldConfig?.defaults, ...(unit === undefined ? {} : { unit }) };
  const buckets = valueBuckets(points.map(([, value]) => value), yBuckets, config); // prettier-ignore
  const rows = Array.from({ length: buckets.n }, (_, i): HeatRow => ({
    name: `${figureText(buckets.edge(i), config)} – ${figureText(buckets.edge(i + 1), config)}`,
    column: { name: 'Count' },
    values: new Array<number | null>(times.length).fill(null),
  })); // prettier-ignore
  for (const [instant, value] of points) {
    const { values } = rows[buckets.placeOf(value)]!;
    const at = columnOf(instant) - begin;
    values[at] = (values[at] ?? 0) + 1;
  }
  return { times, widths: times.map(() => stepMs), rows };
}

/** Columns of a range, and rows of values, where the file says none. */
const [N_COLUMNS, N_ROWS, MOST_ROWS] = [48, 12, 100];

function timeStep({ mode, value }: BucketOptions, { from, to }: Range): number {
  const least = (to - from) / 400;
  const span = mode === 'size' ? (parseSpan(value ?? '') ?? (Number(value) || 0)) : 0;
  if (span >= least) return span;
  const n = mode === 'count' && Number(value) > 0 ? Math.min(Number(value), 400) : N_COLUMNS;
  return bucketMs(to - from, n);
}

function valueBuckets(values: number[], { mode, value, scale }: BucketOptions, { unit = '' }: FieldConfig) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  if (scale?.type === 'log') {
    const base = scale.log === 10 ? 10 : 2;
    // What is 0 or below has no logarithm: it is in the lowest.
    const power = (value: number) => (value > 0 ? Math.floor(Math.log(value) / Math.log(base) + 1e-9) : low);
    const low = values.reduce((low, value) => (value > 0 ? Math.min(low, Math.floor(Math.log(value) / Math.log(base) + 1e-9)) : low), 0); // prettier-ignore
    const n = Math.min(power(most) - low + 1, MOST_ROWS);
    return { n, edge: (i: number) => base ** (low + i), placeOf: (value: number) => Math.min(power(value) - low, n - 1) }; // prettier-ignore
  }
  const given = mode === 'size' ? Number(value) || 0 : 0;
  const n = mode === 'count' && Number(value) > 0 ? Math.min(Number(value), MOST_ROWS) : N_ROWS;
  const unitSize = unitAt(Math.max(Math.abs(least), Math.abs(most)), unit).size;
  const size = given > (most - least) / MOST_ROWS ? given : roundStep((most - least || 1) / n / unitSize)[0] * unitSize; // prettier-ignore
  const placeOf = (value: number) => Math.floor(value / size + 1e-9);
  const low = placeOf(least);
  return { n: placeOf(most) - low + 1, edge: (i: number) => (low + i) * size, placeOf: (value: number) => placeOf(value) - low }; // prettier-ignore
} // prettier-ignore

/** How strong a cell is, 0 to 1: Grafana's scale is a root, so that little is seen beside much. */
export function strengthOf(value: number, { least, most }: Heat, { color = {} }: HeatOptions): number {
  const share = most <= least ? 1 : Math.min(Math.max((value - least) / (most - least), 0), 1);
  const curved = color.scale === 'linear' ? share : share ** (color.exponent ?? 0.5);
  return color.reverse === true && color.mode !== 'opacity' ? 1 - curved : curved;
}

/** Its one colour, from faint to full: by the file's scheme, of which the darkest end counts. */
export function heatColor({ color = {} }: HeatOptions): string {
  if (color.mode === 'opacity') return color.fill ?? 'dark-orange';
  const scheme = /^(Blue|Green|Orange|Purple|Red)s$/.exec(color.scheme ?? '')?.[1];
  return scheme === undefined ? 'blue' : scheme.toLowerCase();
}

/** Levels of strength that are told apart; each is one path. */
const N_LEVELS = 16;

/** A path for each level, in a field of 1000 by 1000, with gaps of these parts between the cells. */
export function heatPaths(
  heat: Heat,
  { from, to }: Range,
  gap: { x: number; y: number },
  options: HeatOptions,
): { opacity: number; d: string }[] {
  const paths = new Map<number, string[]>();
  const at = (instant: number) => ((Math.min(Math.max(instant, from), to) - from) / (to - from)) * 1000;
  const height = 1000 / Math.max(heat.rows.length, 1);
  const n = Math.min(Math.max(options.color?.steps ?? N_LEVELS, 2), N_LEVELS);
  heat.rows.forEach(({ values }, row) => {
    values.forEach((value, i) => {
      if (value === null) return;
      const [x, end] = [at(heat.times[i]!), at(heat.times[i]! + heat.widths[i]!)];
      if (end <= x) return;
      const level = Math.round(strengthOf(value, heat, options) * (n - 1));
      const path = paths.get(level) ?? [];
      paths.set(level, path);
      const width = Math.max(end - x - gap.x, 1);
      const y = 1000 - (row + 1) * height;
      path.push(`M${round(x)} ${round(y + gap.y / 2)}h${round(width)}v${round(Math.max(height - gap.y, 1))}h${round(-width)}z`); // prettier-ignore
    });
  });
  // Never so faint that it is not seen.
  return Array.from(paths, ([level, path]) => ({ opacity: round(0.14 + (0.86 * level) / (n - 1)), d: path.join('') })); // prettier-ignore
}

const round = (value: number) => Math.round(value * 100) / 100;

/** A cell by its row from below and its column. */
export interface HeatPlace {
  row: number;
  column: number;
}

/** Where a key leads; `null` if it leads nowhere. */
export function walkedCells(
  key: string,
  { row, column }: HeatPlace,
  { rows, times }: Heat,
): HeatPlace | null {
  const step = {
    ArrowUp: { row: row + 1, column },
    ArrowDown: { row: row - 1, column },
    ArrowRight: { row, column: column + 1 },
    ArrowLeft: { row, column: column - 1 },
    Home: { row, column: 0 },
    End: { row, column: times.length - 1 },
  }[key];
  if (step === undefined || rows.length === 0 || times.length === 0) return null;
  const limited = (value: number, n: number) => Math.min(Math.max(value, 0), n - 1);
  return { row: limited(step.row, rows.length), column: limited(step.column, times.length) };
}

/** The cell at a part of the width and of the height from above; `null` where there is none. */
export function cellAt(
  x: number,
  y: number,
  { times, widths, rows }: Heat,
  { from, to }: Range,
): HeatPlace | null {
  const instant = from + x * (to - from);
  const column = times.findIndex((time, i) => instant >= time && instant < time + widths[i]!);
  const row = rows.length - 1 - Math.floor(y * rows.length);
  return column < 0 || row < 0 || row >= rows.length ? null : { row, column };
}
