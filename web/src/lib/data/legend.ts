/** The order of a legend, where its panel says one. */
import type { PanelView } from '../url/panelView';
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

type Choice = Pick<PanelView, 'only' | 'hidden'>;

/** After a click on a series: it alone, or all of them where it was alone. */
export function isolated(names: string[], choice: Choice, name: string): Choice {
  const hidden = hiddenSeries(names, choice);
  const isAlone = names.every((other) => hidden.has(other) === (other !== name));
  return { hidden: [], only: isAlone ? null : name };
}

/** After a click with Ctrl: without the series, or with it again. */
export function toggled(names: string[], choice: Choice, name: string): Choice {
  const next = new Set(hiddenSeries(names, choice));
  if (!next.delete(name)) next.add(name);
  return { hidden: [...next], only: null };
}

/** What is not drawn of these series: all but the one that was chosen alone, or those that were hidden. */
export function hiddenSeries(names: string[], { only, hidden }: Choice): ReadonlySet<string> {
  // A series that is gone hides no others.
  if (only !== null && names.includes(only)) return new Set(names.filter((name) => name !== only));
  return new Set(hidden);
}
