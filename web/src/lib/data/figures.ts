/** What stat and pie panels show: number columns reduced to one value each, or a value a row. */
import { fieldConfig, isHidden } from '../format/field';
import type { FieldConfig, GrafanaPanel } from '../model/grafana';
import { numberOf, plainText, type Column, type Frame } from './frame';
import { reduce } from './reduce';

export interface Figured {
  column: Column;
  config: FieldConfig;
  values: unknown[];
  /** Instants of the values, where the query says some. */
  times: (number | null)[] | null;
}

interface ReduceOptions {
  calcs?: string[];
  values?: boolean;
}

function reduceOptions(panel: GrafanaPanel): ReduceOptions {
  return (panel.options?.reduceOptions ?? {}) as ReduceOptions;
}

/** Number columns, or the first column if there are none. */
export function columnsOf(panel: GrafanaPanel, frames: Frame[]): Figured[] {
  return frames.flatMap(({ refId, columns, rows }) => {
    const time = columns.findIndex(({ kind }) => kind === 'time');
    const times = time < 0 ? null : rows.map((row) => numberOf(row[time]));
    const found = columns.map((column, at) => ({
      column,
      config: fieldConfig(panel, column, refId),
      values: rows.map((row) => row[at]),
      times,
    }));
    const numbers = found.filter(({ column, config }) => column.kind === 'number' && !isHidden(config));
    return numbers.length > 0 ? numbers : found.slice(0, 1);
  });
}

export function valueOf(panel: GrafanaPanel, { values }: Figured): unknown {
  return reduce(reduceOptions(panel).calcs?.[0] ?? 'lastNotNull', values);
}

export interface Part {
  name: string;
  value: number;
  config: FieldConfig;
  column: Column;
  /** Of the frame: the last one of a reduced column. */
  row: unknown[];
}

/** Parts of a whole, largest first: rows by their text, or columns where the panel reduces them. */
export function partsOf(panel: GrafanaPanel, frames: Frame[]): Part[] {
  const [frame] = frames;
  if (!frame) return [];
  const text = frame.columns.findIndex(({ kind }) => kind === 'text');
  const number = frame.columns.findIndex(({ kind }) => kind === 'number');
  const parts =
    text >= 0 && number >= 0
      ? frame.rows.map((row) => ({
          name: plainText(row[text]) || '(none)',
          value: numberOf(row[number]) ?? 0,
          config: fieldConfig(panel, frame.columns[number]!, frame.refId),
          column: frame.columns[number]!,
          row,
        }))
      : columnsOf(panel, frames).map((figured) => ({
          name: figured.config.displayName ?? figured.column.name,
          value: numberOf(valueOf(panel, figured)) ?? 0,
          config: figured.config,
          column: figured.column,
          row: frame.rows.at(-1) ?? [],
        }));
  return parts.filter(({ value }) => value > 0).sort((a, b) => b.value - a.value);
}
