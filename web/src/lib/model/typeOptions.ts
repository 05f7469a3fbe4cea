/** What the editor offers for a type of panel: options of Grafana's, by its names. */
import type { PanelType } from './dashboard';
import type { GrafanaPanel } from './grafana';

interface Common {
  label: string;
  /** Members of the panel, from without to within. */
  path: string[];
}

export type TypeOption = Common &
  (
    | { kind: 'choice'; choices: [value: string, name: string][]; otherwise: string }
    | { kind: 'switch'; otherwise: boolean }
    | { kind: 'number'; placeholder: string }
    | { kind: 'text'; placeholder: string }
  );

const choice = (label: string, path: string, otherwise: string, ...choices: [string, string][]): TypeOption => ({ kind: 'choice', label, path: path.split('.'), otherwise, choices }); // prettier-ignore
const flag = (label: string, path: string, otherwise = false): TypeOption => ({ kind: 'switch', label, path: path.split('.'), otherwise }); // prettier-ignore
const number = (label: string, path: string, placeholder = 'auto'): TypeOption => ({ kind: 'number', label, path: path.split('.'), placeholder }); // prettier-ignore
const text = (label: string, path: string, placeholder = 'auto'): TypeOption => ({ kind: 'text', label, path: path.split('.'), placeholder }); // prettier-ignore

const ON_OFF_AUTO: [string, string][] = [['auto', 'Auto'], ['always', 'Always'], ['never', 'Never']]; // prettier-ignore

const OPTIONS: Partial<Record<PanelType, TypeOption[]>> = {
  bargauge: [
    flag('A bar for each row', 'options.reduceOptions.values'),
    choice('Orientation', 'options.orientation', 'horizontal', ['auto', 'Auto'], ['horizontal', 'Horizontal'], ['vertical', 'Vertical']),
    choice('Display mode', 'options.displayMode', 'gradient', ['gradient', 'Gradient'], ['lcd', 'Retro LCD'], ['basic', 'Basic']),
    choice('Value display', 'options.valueMode', 'color', ['color', 'Value color'], ['text', 'Text color'], ['hidden', 'Hidden']),
    choice('Name placement', 'options.namePlacement', 'auto', ['auto', 'Auto'], ['top', 'Top'], ['left', 'Left'], ['hidden', 'Hidden']),
    flag('Show unfilled area', 'options.showUnfilled', true),
  ],
  barchart: [
    choice('Stacking', 'options.stacking', 'none', ['none', 'Off'], ['normal', 'Normal'], ['percent', '100%']),
    flag('Legend', 'options.legend.showLegend', true),
  ],
  'state-timeline': [
    flag('Merge equal consecutive values', 'options.mergeValues', true),
    choice('Show values', 'options.showValue', 'auto', ...ON_OFF_AUTO),
    choice('Align values', 'options.alignValue', 'left', ['left', 'Left'], ['center', 'Center'], ['right', 'Right']),
    flag('Connect null values', 'fieldConfig.defaults.custom.spanNulls'),
    flag('Legend', 'options.legend.showLegend', true),
  ],
  heatmap: [
    flag('Calculate from data', 'options.calculate'),
    choice('X bucket', 'options.calculation.xBuckets.mode', 'count', ['size', 'Size'], ['count', 'Count']),
    text('X bucket value', 'options.calculation.xBuckets.value', '1h, or how many'),
    choice('Y bucket', 'options.calculation.yBuckets.mode', 'count', ['size', 'Size'], ['count', 'Count']),
    text('Y bucket value', 'options.calculation.yBuckets.value', 'auto'),
    choice('Color scheme', 'options.color.scheme', 'Blues', ['Blues', 'Blues'], ['Greens', 'Greens'], ['Oranges', 'Oranges'], ['Purples', 'Purples'], ['Reds', 'Reds']),
    choice('Color scale', 'options.color.scale', 'exponential', ['exponential', 'Exponential'], ['linear', 'Linear']),
    choice('Show values in cells', 'options.showValue', 'auto', ...ON_OFF_AUTO),
    flag('Reverse the rows', 'options.yAxis.reverse'),
    flag('Legend', 'options.legend.show', true),
  ],
  histogram: [
    number('Bucket size', 'options.bucketSize'),
    number('Bucket count', 'options.bucketCount', '30'),
    number('Bucket offset', 'options.bucketOffset', '0'),
    flag('Combine series', 'options.combine'),
    flag('Legend', 'options.legend.showLegend', true),
  ],
}; // prettier-ignore

export function typeOptions(type: string | undefined): TypeOption[] {
  return OPTIONS[type as PanelType] ?? [];
}

/** What the panel's file says of an option, or what holds where it says nothing. */
export function optionOf(panel: GrafanaPanel, option: TypeOption): unknown {
  const found = option.path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], panel); // prettier-ignore
  if (found !== undefined && found !== null) return found;
  return 'otherwise' in option ? option.otherwise : '';
}

/** With another value; `undefined` takes it away. */
export function withOption(panel: GrafanaPanel, { path }: TypeOption, value: unknown): GrafanaPanel {
  const changed = (at: unknown, [name, ...rest]: string[]): unknown => {
    const { [name!]: before, ...others } = (at ?? {}) as Record<string, unknown>;
    const next = rest.length > 0 ? changed(before, rest) : value;
    return next === undefined ? others : { ...others, [name!]: next };
  };
  return changed(panel, path) as GrafanaPanel;
}
