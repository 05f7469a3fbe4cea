/** The component of each type of panel, fetched when the first of its kind is in sight. */
import type { Component } from 'svelte';
import type { PanelType } from '../lib/model/dashboard';
import type { PanelProps } from '../lib/panels/contract';

type Loaded = Promise<{ default: Component<PanelProps> }>;

const LOADERS: Record<PanelType, () => Loaded> = {
  timeseries: () => import('./TimeSeries.svelte') as Loaded,
  table: () => import('./table/TablePanel.svelte') as Loaded,
  barchart: () => import('./BarChart.svelte') as Loaded,
  stat: () => import('./Stat.svelte') as Loaded,
  piechart: () => import('./PieChart.svelte') as Loaded,
  text: () => import('./Text.svelte') as Loaded,
  bargauge: () => import('./BarGauge.svelte') as Loaded,
  'state-timeline': () => import('./StateTimeline.svelte') as Loaded,
  heatmap: () => import('./Heatmap.svelte') as Loaded,
  histogram: () => import('./Histogram.svelte') as Loaded,
  'annoscope-timesheet-panel': () => import('./timesheet/TimesheetPanel.svelte') as Loaded,
  'annoscope-timeline-panel': () => import('./Timeline.svelte') as Loaded,
};

const loaded = new Map<PanelType, Loaded>();

export function componentOf(type: PanelType | null): Loaded | null {
  if (type === null) return null;
  let component = loaded.get(type);
  if (component === undefined) {
    component = LOADERS[type]();
    // A failure is no answer for ever.
    component.catch(() => loaded.delete(type));
    loaded.set(type, component);
  }
  return component;
}
