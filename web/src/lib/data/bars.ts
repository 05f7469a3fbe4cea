/** Rows to bars: a group a row, named by the x field, a bar a number column. */
import { fieldConfig, isHidden, shown } from '../format/field';
import type { FieldConfig, GrafanaPanel } from '../model/grafana';
import type { Zone } from '../time/zone';
import { numberOf, type Frame } from './frame';

export interface Bars {
  groups: { name: string; values: (number | null)[] }[];
  series: { name: string; config: FieldConfig }[];
}

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
  }));
  const series = numbers.map((at) => ({
    name: configs[at]!.displayName ?? frame.columns[at]!.name,
    config: configs[at]!,
  }));
  return { groups, series };
}

/** The largest value of the series that are not hidden. */
export function mostOf({ groups, series }: Bars, hidden: ReadonlySet<string>): number {
  const isDrawn = series.map(({ name }) => !hidden.has(name));
  return groups.reduce(
    (most, { values }) => Math.max(most, ...values.map((value, at) => (isDrawn[at] ? (value ?? 0) : 0))),
    0,
  );
}
