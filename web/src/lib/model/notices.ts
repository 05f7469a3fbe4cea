/** What a file asks of a panel that the page does not do: a sentence each, for a quiet notice. The file keeps all of it. */
import { THRESHOLD_STYLES } from '../data/thresholds';
import { isKnownUnit } from '../format/value';
import { canAsk } from './annotations';
import type { PanelType } from './dashboard';
import type { FieldConfig, GrafanaDashboard, GrafanaPanel, GrafanaTarget } from './grafana';
import { parseLink } from './links';

export const TRANSFORMATIONS = ['organize', 'sortBy', 'filterByValue', 'reduce', 'partitionByValues'];
const MATCHERS = ['byName', 'byNames', 'byRegexp', 'byType', 'byFrameRefID'];
const MAPPINGS = ['value', 'range', 'regex', 'special'];
const CELLS = ['auto', 'string', 'color-text', 'color-background', 'color-background-solid', 'gauge', 'basic', 'gradient-gauge', 'lcd-gauge', 'json-view']; // prettier-ignore

/** What an override may set, beside `custom.` below. */
const PROPERTIES = ['unit', 'decimals', 'displayName', 'description', 'noValue', 'min', 'max', 'color', 'thresholds', 'mappings', 'links']; // prettier-ignore

/** Of `custom.`: what changes nothing here (every cell can be inspected, every column filtered), or is done whatever it is. */
const CUSTOM = ['width', 'align', 'hidden', 'hideFrom', 'cellOptions', 'displayMode', 'lineWidth', 'fillOpacity', 'inspect', 'filterable', 'minWidth', 'wrapText', 'pointSize', 'axisLabel', 'axisSoftMin', 'axisSoftMax', 'axisCenteredZero', 'axisGridShow', 'axisBorderShow', 'axisWidth', 'barAlignment', 'barWidthFactor', 'barMaxWidth']; // prettier-ignore

/** Of `custom.`: values that are drawn as the file says. Where one has a member that decides, that is named. */
const DRAWN: Record<string, { member?: string; values: unknown[] }> = {
  drawStyle: { values: ['line', 'bars', 'points'] },
  lineInterpolation: { values: ['linear', 'smooth', 'stepBefore', 'stepAfter'] },
  lineStyle: { member: 'fill', values: ['solid', 'dash', 'dot'] },
  gradientMode: { values: ['none'] },
  showPoints: { values: ['auto', 'always', 'never'] },
  spanNulls: { values: [true, false] },
  insertNulls: { values: [false] },
  stacking: { member: 'mode', values: ['none', 'normal', 'percent'] },
  scaleDistribution: { member: 'type', values: ['linear', 'log', 'symlog'] },
  thresholdsStyle: { member: 'mode', values: THRESHOLD_STYLES },
  axisPlacement: { values: ['auto', 'left', 'right', 'hidden'] },
  axisColorMode: { values: ['text'] },
  showValues: { values: [false] },
};

/** Of those, what bars by name leave out. */
const DRAWN_AS_BARS: typeof DRAWN = {
  ...DRAWN,
  thresholdsStyle: { member: 'mode', values: ['off'] },
  scaleDistribution: { member: 'type', values: ['linear'] },
};

/** Of the options of a type of panel: values that are shown as the file says. */
const OPTIONS: Partial<Record<PanelType, Record<string, unknown[]>>> = {
  stat: { graphMode: ['none', 'area'], colorMode: ['none', 'value', 'background', 'background_solid'], textMode: ['auto', 'value', 'value_and_name'], showPercentChange: [false] },
  barchart: { orientation: ['auto', 'horizontal'], stacking: ['none', 'normal', 'percent'], colorByField: ['', null] },
  piechart: { pieType: ['pie', 'donut'] },
  bargauge: { displayMode: ['gradient', 'lcd', 'basic'], orientation: ['auto', 'horizontal', 'vertical'], valueMode: ['color', 'text', 'hidden'], namePlacement: ['auto', 'top', 'left', 'hidden'] },
  'state-timeline': { showValue: ['auto', 'always', 'never'] },
  heatmap: { showValue: ['auto', 'always', 'never'] },
}; // prettier-ignore

/** Sentences that hold for all panels of this type; for one that is none of ours the type has said enough. */
export function panelNotices(panel: GrafanaPanel, type: PanelType | null): string[] {
  const notices: string[] = [];
  for (const { id, disabled } of panel.transformations ?? []) {
    if (!disabled && !TRANSFORMATIONS.includes(id ?? ''))
      notices.push(`The transformation ${id} is not applied here.`);
  }
  if (type === null) return notices;
  notices.push(...targetNotices(panel), ...optionNotices(panel, type));
  notices.push(...fieldNotices(panel.fieldConfig?.defaults ?? {}, type));
  for (const { matcher, properties, __systemRef } of panel.fieldConfig?.overrides ?? []) {
    if (__systemRef === 'hideSeriesFrom') continue;
    if (!MATCHERS.includes(matcher?.id ?? '')) {
      notices.push(`Overrides for fields ${matcher?.id} are not applied here.`);
      continue;
    }
    const set: FieldConfig = {};
    for (const { id = '', value } of properties ?? []) {
      const isKnown = id.startsWith('custom.') ? isCustom(id.slice(7)) : PROPERTIES.includes(id);
      if (!isKnown) notices.push(`The field option ${id} is not applied here.`);
      else if (id.startsWith('custom.')) (set.custom ??= {})[id.slice(7)] = value;
      else Object.assign(set, { [id]: value });
    }
    notices.push(...fieldNotices(set, type));
  }
  return [...new Set(notices)];
}

/** Panels that have no values which could be followed, or follow them. */
const LINKING: PanelType[] = ['table', 'text', 'timeseries', 'stat', 'barchart', 'piechart', 'bargauge', 'state-timeline', 'heatmap']; // prettier-ignore

const isCustom = (name: string) => CUSTOM.includes(name) || name in DRAWN;

function targetNotices({ targets, libraryPanel }: GrafanaPanel): string[] {
  const isAsked = ({ rawSql, hide }: GrafanaTarget) => hide === true || rawSql !== undefined;
  return [
    ...(targets ?? []).flatMap((target, i) =>
      isAsked(target) ? [] : [`Query ${target.refId ?? i + 1} has no SQL, so it is not asked.`],
    ),
    ...(libraryPanel ? ['It is a panel of a library, which is not here.'] : []),
  ];
}

function optionNotices({ options = {} }: GrafanaPanel, type: PanelType): string[] {
  const notices = Object.entries(OPTIONS[type] ?? {}).flatMap(([name, values]) =>
    options[name] === undefined || values.includes(options[name])
      ? []
      : [`The option ${name} is ${options[name]} in the file, which is not done here.`],
  );
  const { values, fields } = (options.reduceOptions ?? {}) as { values?: boolean; fields?: string };
  if (type === 'stat' && values === true) notices.push('Each row as a figure of its own is not done here.');
  if (type === 'stat' && fields) notices.push(`It is not limited to the fields ${fields} here.`);
  return notices;
}

function fieldNotices({ color, mappings, unit = '', links, custom = {} }: FieldConfig, type: PanelType): string[] {
  const notices: string[] = [];
  const cell = (custom.cellOptions as { type?: string } | undefined)?.type ?? custom.displayMode ?? 'auto';
  if (typeof cell === 'string' && !CELLS.includes(cell))
    notices.push(`Cells of the type ${cell} are shown as text.`);
  if (/^(continuous|shades)/.test(color?.mode ?? ''))
    notices.push(`The colour scheme ${color!.mode} is not used here.`);
  for (const { type } of mappings ?? []) {
    if (!MAPPINGS.includes(type ?? ''))
      notices.push(`Value mappings of the type ${type} are not applied here.`);
  }
  if (!isKnownUnit(unit)) notices.push(`The unit ${unit} is not known here: figures stand without it.`);
  if (links?.length && !LINKING.includes(type)) notices.push('Links from values are not followed in this kind of panel.');
  // Other types have nothing of it but what was left when a panel became one.
  if (type !== 'timeseries' && type !== 'barchart') return notices;
  for (const [name, value] of Object.entries(custom)) {
    if (!isCustom(name)) notices.push(`The field option custom.${name} is not applied here.`);
    const drawn = (type === 'timeseries' ? DRAWN : DRAWN_AS_BARS)[name];
    if (drawn === undefined || value === undefined || value === null) continue;
    const said = drawn.member === undefined ? value : (value as Record<string, unknown>)[drawn.member];
    if (said !== undefined && !drawn.values.includes(said))
      notices.push(`The field option custom.${name} is ${said} in the file, which is not drawn here.`);
  }
  return notices;
} // prettier-ignore

/** Of the dashboard itself. Grafana's own list of alerts is in every file, and no wish. */
export function dashboardNotices({ annotations, links }: GrafanaDashboard): string[] {
  return [
    ...(annotations?.list ?? []).flatMap((list) =>
      list.builtIn || list.enable === false || canAsk(list)
        ? []
        : [`The annotations ${list.name} are not shown here.`],
    ),
    ...(links ?? []).flatMap((link) =>
      parseLink(link) === null ? [`The link ${link.title ?? ''} cannot be followed here.`] : [],
    ),
  ];
}
