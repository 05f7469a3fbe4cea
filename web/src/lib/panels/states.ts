/** States over time: a lane for each field, a span for as long as its value stays the same. */
import { numberOf, type Column, type Frame } from '../data/frame';
import { fieldConfig, isHidden, shown } from '../format/field';
import { namedColor } from '../format/colors';
import type { FieldConfig, GrafanaPanel } from '../model/grafana';
import type { Range } from '../time/range';
import type { Zone } from '../time/zone';

export interface StateSpan {
  fromMs: number;
  toMs: number;
  value: unknown;
  text: string;
  /** Of its mapping or thresholds; `null` for that of its text. */
  color: string | null;
  /** Where it begins in the rows of its frame. */
  row: number;
}

export interface StateLane {
  name: string;
  column: Column;
  config: FieldConfig;
  frame: Frame;
  spans: StateSpan[];
}

/** What is drawn: a span, or several that are too short to tell apart. */
export interface StateBar {
  xPx: number;
  widthPx: number;
  spans: StateSpan[];
}

interface Style {
  spanNulls?: boolean | number;
}

/**
 * A state lasts until the next row, or until the second time of its row where there is one; the last one to the end of the
 * range. `null` if no frame has a time and a state.
 */
export function stateLanes(panel: GrafanaPanel, frames: Frame[], range: Range, zone: Zone): StateLane[] | null {
  const { mergeValues = true } = (panel.options ?? {}) as { mergeValues?: boolean };
  let hasShape = false;
  const lanes = frames.flatMap((frame) => {
    const [time, end] = frame.columns.flatMap(({ kind }, at) => (kind === 'time' ? [at] : []));
    if (time === undefined) return [];
    return frame.columns.flatMap((column, at): StateLane[] => {
      const config = configOf(panel, column, frame.refId);
      if (column.kind === 'time' || isHidden(config)) return [];
      hasShape = true;
      const rows = inOrder(frame, time);
      const spansNulls = ((config.custom ?? {}) as Style).spanNulls === true;
      const known = spansNulls ? rows.filter(({ row }) => frame.rows[row]![at] != null) : rows;
      const spans = known.flatMap(({ row, fromMs }, i) => {
        const value = frame.rows[row]![at];
        const until = end === undefined ? null : numberOf(frame.rows[row]![end]);
        const toMs = Math.min(until ?? range.to, known[i + 1]?.fromMs ?? range.to, range.to);
        if (value === null || value === undefined || toMs <= range.from || fromMs >= range.to || toMs <= fromMs) return [];
        const look = shown(value, column, config, zone);
        const text = look.unit === '' ? look.text : `${look.text} ${look.unit}`;
        return { fromMs: Math.max(fromMs, range.from), toMs, value, text, color: look.color ?? baseColor(value, config), row };
      });
      return [{ name: config.displayName ?? column.name, column, config, frame, spans: mergeValues ? merged(spans) : spans }];
    });
  });
  return hasShape ? lanes : null;
} // prettier-ignore

/** Of a field that was called by its labels, overrides may mean either name. */
function configOf(panel: GrafanaPanel, column: Column, refId: string): FieldConfig {
  const own = fieldConfig(panel, column, refId);
  return column.of === undefined ? own : { ...fieldConfig(panel, { ...column, name: column.of }, refId), ...own };
} // prettier-ignore

/** Below all thresholds it has the colour of the first one, as states say what is well, too. */
function baseColor(value: unknown, { color, thresholds }: FieldConfig): string | null {
  if (color?.mode === 'fixed' && color.fixedColor) return namedColor(color.fixedColor);
  const steps = thresholds?.steps ?? [];
  const isByThresholds = color?.mode === 'thresholds' && typeof value === 'number' && steps.length > 1;
  return isByThresholds ? namedColor(steps[0]!.color ?? 'text') : null;
}

function inOrder({ rows }: Frame, time: number): { row: number; fromMs: number }[] {
  return rows
    .flatMap((values, row) => {
      const fromMs = numberOf(values[time]);
      return fromMs === null ? [] : [{ row, fromMs }];
    })
    .sort((a, b) => a.fromMs - b.fromMs || a.row - b.row);
}

function merged(spans: StateSpan[]): StateSpan[] {
  const result: StateSpan[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last?.text === span.text && last.toMs === span.fromMs) last.toMs = span.toMs;
    else result.push({ ...span });
  }
  return result;
}

/** Narrower than this, px, a span is one of several. */
const LEAST_PX = 3;

export function stateBars(spans: StateSpan[], { from, to }: Range, widthPx: number): StateBar[] {
  const at = (instant: number) => ((instant - from) / (to - from)) * widthPx;
  const bars: StateBar[] = [];
  for (const span of spans) {
    const xPx = at(span.fromMs);
    const ownPx = at(span.toMs) - xPx;
    const last = bars.at(-1);
    const isNear = last !== undefined && last.widthPx <= LEAST_PX && xPx < last.xPx + LEAST_PX;
    if (isNear && ownPx < LEAST_PX) last.spans.push(span);
    else bars.push({ xPx, widthPx: Math.max(ownPx, LEAST_PX), spans: [span] });
  }
  return bars;
}
