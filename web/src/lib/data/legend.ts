/** The order of a legend, where its panel says one. */
import { numberOf } from './frame';
import { reduce } from './reduce';

export interface LegendOptions {
  showLegend?: boolean;
  displayMode?: string;
  placement?: string;
  calcs?: string[];
  sortBy?: string;
  sortDesc?: boolean;
}

/** Grafana names the column that a legend is sorted by, not what is in it. */
const CALCS: Record<string, string> = {
  Total: 'sum',
  Min: 'min',
  Max: 'max',
  Mean: 'mean',
  Last: 'last',
  'Last *': 'lastNotNull',
  First: 'first',
  'First *': 'firstNotNull',
};

export function legendOrder<T extends { label: string; values: (number | null)[] }>(
  entries: T[],
  { sortBy = '', sortDesc = false }: LegendOptions,
): T[] {
  const sign = sortDesc ? -1 : 1;
  if (sortBy === 'Name') return [...entries].sort((a, b) => sign * a.label.localeCompare(b.label, 'en'));
  const calc = CALCS[sortBy];
  if (calc === undefined) return entries;
  const figures = new Map(entries.map((entry) => [entry, numberOf(reduce(calc, entry.values)) ?? -Infinity]));
  return [...entries].sort((a, b) => sign * (figures.get(a)! - figures.get(b)!));
}
