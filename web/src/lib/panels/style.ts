/** How a chart over time is drawn, of a field's configuration. */
import type { FieldConfig } from '../model/grafana';

/** How it goes from one value to the next. */
export type Interpolation = 'linear' | 'smooth' | 'stepBefore' | 'stepAfter';

/** What of `fieldConfig.defaults.custom` a chart reads. */
export interface ChartStyle {
  drawStyle?: string;
  lineInterpolation?: Interpolation;
  lineStyle?: { fill?: string; dash?: number[] };
  lineWidth?: number;
  fillOpacity?: number;
  showPoints?: string;
  pointSize?: number;
  spanNulls?: boolean | number;
  stacking?: { mode?: string; group?: string };
  scaleDistribution?: { type?: string; log?: number; linearThreshold?: number };
  axisPlacement?: string;
  axisLabel?: string;
  axisGridShow?: boolean;
  barAlignment?: -1 | 0 | 1;
  barWidthFactor?: number;
  hideFrom?: { legend?: boolean; tooltip?: boolean; viz?: boolean };
}

export function styleOf({ custom }: FieldConfig): ChartStyle {
  return custom ?? {};
}
