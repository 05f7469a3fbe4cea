/** What a bar gauge shows: a bar for each field, reduced to one value, or for each row. */
import { fieldConfig, isHidden, shown } from '../format/field';
import { namedColor } from '../format/colors';
import type { FieldConfig, GrafanaPanel } from '../model/grafana';
import type { Zone } from '../time/zone';
import { columnsOf, valueOf } from './figures';
import { numberOf, plainText, type Column, type Frame } from './frame';

export interface Gauge {
  name: string;
  value: number | null;
  text: string;
  column: Column;
  config: FieldConfig;
  /** Of the thresholds that the value has passed, or fixed; `null` for that of data. */
  color: string | null;
  /** How much of the bar is full, 0 to 1. */
  share: number;
  frame: Frame;
  row: number;
}

/** Where colours change along a bar, 0 to 1. */
export interface GaugeStep {
  at: number;
  color: string;
}

/** More bars than these are no gauge; Grafana asks for a limit of 25 itself. */
const MOST = 100;

export function gaugesOf(panel: GrafanaPanel, frames: Frame[], zone: Zone): Gauge[] {
  const { values, limit } = (panel.options?.reduceOptions ?? {}) as { values?: boolean; limit?: number };
  const found = values === true ? ofRows(panel, frames) : ofFields(panel, frames);
  const numbers = found.flatMap(({ value }) => value ?? []);
  return found.slice(0, Math.min(limit ?? MOST, MOST)).map(({ name, value, column, config, frame, row }) => {
    const look = shown(value, column, config, zone);
    const [least, most] = endsOf(config, numbers);
    return {
      name,
      value,
      text: look.unit === '' ? look.text : look.unit === '%' ? `${look.text}%` : `${look.text} ${look.unit}`,
      column,
      config,
      color: look.color ?? fixedColor(config),
      share: value === null ? 0 : shareOf(value, least, most),
      frame,
      row,
    };
  });
}

type Found = Pick<Gauge, 'name' | 'value' | 'column' | 'config' | 'frame' | 'row'>;

function ofFields(panel: GrafanaPanel, frames: Frame[]): Found[] {
  return frames.flatMap((frame) =>
    columnsOf(panel, [frame])
      .filter(({ column }) => column.kind === 'number')
      .map((figured) => ({
        name: figured.config.displayName ?? figured.column.name,
        value: numberOf(valueOf(panel, figured)),
        column: figured.column,
        config: figured.config,
        frame,
        row: Math.max(frame.rows.length - 1, 0),
      })),
  );
}

/** Named by the first text of the row, and by the field where there are several. */
function ofRows(panel: GrafanaPanel, frames: Frame[]): Found[] {
  return frames.flatMap((frame) => {
    const text = frame.columns.findIndex(({ kind }) => kind === 'text');
    const numbers = frame.columns.flatMap((column, at) => {
      const config = fieldConfig(panel, column, frame.refId);
      return column.kind === 'number' && !isHidden(config) ? [{ column, at, config }] : [];
    });
    return frame.rows.flatMap((values, row) =>
      numbers.map(({ column, at, config }) => {
        const own = config.displayName ?? column.name;
        const of = text < 0 ? '' : plainText(values[text]) || '(none)';
        const name = of === '' ? own : numbers.length > 1 ? `${of} · ${own}` : of;
        return { name, value: numberOf(values[at]), column, config, frame, row };
      }),
    );
  });
}

/** Of the file, else of the values: bars begin at 0, so that twice as much is twice as long. */
function endsOf({ min, max, unit }: FieldConfig, numbers: number[]): [number, number] {
  const most = max ?? (unit === 'percentunit' ? 1 : unit === 'percent' ? 100 : Math.max(0, ...numbers));
  return [min ?? Math.min(0, ...numbers), most];
}

function shareOf(value: number, least: number, most: number): number {
  return most <= least ? 0 : Math.min(Math.max((value - least) / (most - least), 0), 1);
}

function fixedColor({ color }: FieldConfig): string | null {
  return color?.mode === 'fixed' && color.fixedColor ? namedColor(color.fixedColor) : null;
}

/** The colours along a whole bar, of thresholds; none where one colour is all of it. */
export function gaugeSteps({ config: { color, thresholds, min, max } }: Gauge): GaugeStep[] {
  const steps = thresholds?.steps ?? [];
  if (steps.length < 2 || (color?.mode !== undefined && color.mode !== 'thresholds')) return [];
  const [least, most] = [min ?? 0, max ?? null];
  const isShare = thresholds?.mode === 'percentage';
  // Without an end there is no place for an absolute value.
  if (!isShare && most === null) return [];
  return steps.map(({ value, color = 'text' }, i) => ({
    // What is well needs no colour of its own.
    color: i === 0 ? 'var(--series-1)' : namedColor(color),
    at: value == null ? 0 : isShare ? Math.min(value / 100, 1) : shareOf(value, least, most!),
  }));
}
