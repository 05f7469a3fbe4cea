/** How often values are how large: counts by buckets of one size, a series for each number column. */
import { fieldConfig, isHidden } from '../format/field';
import { unitAt } from '../format/value';
import type { FieldConfig, GrafanaPanel } from '../model/grafana';
import { isWhole, roundStep } from './axis';
import { numberOf, type Column, type Frame } from './frame';

export interface Histogram {
  /** Where each bucket begins, ascending, without a gap. */
  begins: number[];
  size: number;
  series: { name: string; column: Column; config: FieldConfig; counts: number[] }[];
  /** The highest of all counts. */
  most: number;
}

interface HistogramOptions {
  bucketSize?: number;
  bucketCount?: number;
  bucketOffset?: number;
  combine?: boolean;
}

/** Grafana's, where the file says none. */
const N_BUCKETS = 30;

/** More than these is a size that was meant for other values. */
const MOST_BUCKETS = 400;

/** `null` if there is no number. */
export function histogramOf(panel: GrafanaPanel, frames: Frame[]): Histogram | null {
  const { combine = false, ...options } = (panel.options ?? {}) as HistogramOptions;
  const fields = frames.flatMap((frame) =>
    frame.columns.flatMap((column, at) => {
      const config = fieldConfig(panel, column, frame.refId);
      if (column.kind !== 'number' || isHidden(config)) return [];
      const values = frame.rows.flatMap((row) => numberOf(row[at]) ?? []).filter(Number.isFinite);
      return { name: config.displayName ?? column.name, column, config, values };
    }),
  );
  const [first] = fields;
  if (first === undefined) return null;
  const all = combine ? [{ ...first, name: 'Count', values: fields.flatMap(({ values }) => values) }] : fields; // prettier-ignore
  const [least, most] = ends(all.map(({ values }) => values));
  if (least > most) return { begins: [], size: 1, series: [], most: 0 };
  const values = all.map(({ values }) => values);
  const size = sizeOf([least, most], options, first.config, isWhole(values, first.config));
  const offset = options.bucketOffset ?? 0;
  const placeOf = (value: number) => Math.floor((value - offset) / size + 1e-9);
  const [low, high] = [placeOf(least), placeOf(most)];
  const begins = Array.from({ length: high - low + 1 }, (_, i) => Number(((low + i) * size + offset).toPrecision(12))); // prettier-ignore
  const series = all.map(({ values, ...field }) => {
    const counts = new Array<number>(begins.length).fill(0);
    for (const value of values) counts[placeOf(value) - low]! += 1;
    return { ...field, counts };
  });
  return { begins, size, series, most: ends(series.map(({ counts }) => counts))[1] };
}

/** The file's size, else a round one of the unit that the values are shown in. */
function sizeOf(
  [least, most]: [number, number],
  { bucketSize, bucketCount }: HistogramOptions,
  { unit = '' }: FieldConfig,
  isWhole: boolean,
): number {
  const finest = (most - least) / MOST_BUCKETS;
  if (bucketSize && bucketSize >= finest) return bucketSize;
  const { size } = unitAt(Math.max(Math.abs(least), Math.abs(most)), unit);
  const wanted = (most - least || 1) / (bucketCount || N_BUCKETS);
  return Math.max(roundStep(wanted / size)[0] * size, isWhole ? 1 : 0);
}

function ends(lists: number[][]): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const list of lists)
    for (const value of list) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return [least, most];
}
