/** Rows to bars: a group a row, named by the x field, a bar a number column. */
import { fieldConfig, isHidden, shown } from '../format/field';
import type { FieldConfig, GrafanaPanel } from '../model/grafana';
import type { Zone } from '../time/zone';
import { numberOf, type Column, type Frame } from './frame';

export interface Bars {
  groups: { name: string; values: (number | null)[]; row: unknown[] }[];
  series: { name: string; column: Column; config: FieldConfig }[];
  /** Of the rows. */
  columns: Column[];
}

export type Stacking = 'none' | 'normal' | 'percent';

/** More bars than these are no chart. */
const MAX_GROUPS = 500;

export function barsOf(panel: GrafanaPanel, frames: Frame[], zone: Zone): Bars | null {
  const [frame] = frames;
  if (!frame) return null;
  const configs = frame.columns.map((column) => fieldConfig(panel, column, frame.refId));
  const { xField } = (panel.options ?? {}) as { xField?: string };
  const named = frame.columns.findIndex(({ name }) => name === xField);
  const x = named >= 0 ? named : frame.columns.findIndex(({ kind }) => kind === 'text' || kind === 'time');
  const numbers = frame.columns.flatMap(({ kind }, at) =>
    kind === 'number' && at !== x && !isHidden(configs[at]!) ? [at] : [],
  );
  if (x < 0 || numbers.length === 0) return null;
  const groups = frame.rows.slice(0, MAX_GROUPS).map((row) => ({
    name: shown(row[x], frame.columns[x]!, configs[x]!, zone).text || '(none)',
    values: numbers.map((at) => numberOf(row[at])),
    row,
  }));
  const series = numbers.map((at) => ({
    name: configs[at]!.displayName ?? frame.columns[at]!.name,
    column: frame.columns[at]!,
    config: configs[at]!,
  }));
  return { groups, series, columns: frame.columns };
}

/** The longest bar of the series that are not hidden: of one value, or of all values of a group. */
export function mostOf({ groups, series }: Bars, hidden: ReadonlySet<string>, stacking: Stacking = 'none'): number {
  const isDrawn = series.map(({ name }) => !hidden.has(name));
  return groups.reduce((most, { values }) => {
    const drawn = values.map((value, at) => (isDrawn[at] ? Math.max(value ?? 0, 0) : 0));
    const length = stacking === 'none' ? Math.max(...drawn) : drawn.reduce((sum, value) => sum + value, 0);
    return Math.max(most, length);
  }, 0);
} // prettier-ignore

/** How long each bar of a group is, of the longest: 0 to 1. */
export function lengthsOf(
  values: (number | null)[],
  isDrawn: boolean[],
  most: number,
  stacking: Stacking,
): number[] {
  const drawn = values.map((value, at) => (isDrawn[at] ? Math.max(value ?? 0, 0) : 0));
  const whole = stacking === 'percent' ? drawn.reduce((sum, value) => sum + value, 0) : most;
  return drawn.map((value) => (whole > 0 ? value / whole : 0));
}
