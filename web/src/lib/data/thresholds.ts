/** Thresholds as a chart draws them: lines at their values, areas between them. */
import type { FieldConfig } from '../model/grafana';
import { namedColor } from '../format/colors';

export interface Marks {
  lines: { value: number; color: string }[];
  isDashed: boolean;
  /** From the lower end to the upper one. */
  areas: { from: number; to: number; color: string }[];
}

const NOTHING: Marks = { lines: [], isDashed: false, areas: [] };

/** What lies within the ends of the axis. The lowest step has no line of its own: it begins nowhere. */
export function thresholdMarks({ thresholds, custom, min, max }: FieldConfig, [low, high]: [number, number]): Marks {
  const mode = (custom?.thresholdsStyle as { mode?: string } | undefined)?.mode ?? 'off';
  const steps = thresholds?.steps ?? [];
  if (!THRESHOLD_STYLES.includes(mode) || mode === 'off' || steps.length === 0) return NOTHING;
  const [least, most] = [min ?? low, max ?? high];
  const valueOf = (value: number) => thresholds?.mode === 'percentage' ? least + (value / 100) * (most - least) : value;
  const placed = steps.map(({ value, color = 'text' }) => ({
    value: value == null ? -Infinity : valueOf(value),
    color: namedColor(color),
  }));
  const areas = placed.map(({ value, color }, i) => ({
    from: Math.max(value, low),
    to: Math.min(placed[i + 1]?.value ?? Infinity, high),
    color,
  }));
  const isWithin = ({ value }: { value: number }) => value >= low && value <= high;
  return {
    lines: /line|dashed/.test(mode) ? placed.filter(isWithin) : [],
    isDashed: mode.startsWith('dashed'),
    areas: mode.includes('area') ? areas.filter(({ from, to, color }) => from < to && color !== 'transparent') : [],
  };
} // prettier-ignore

export const THRESHOLD_STYLES = ['off', 'line', 'dashed', 'area', 'line+area', 'dashed+area'];
