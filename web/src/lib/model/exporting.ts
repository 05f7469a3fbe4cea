/**
 * A dashboard as a file for Grafana: complete, and asking which data source is meant. What the file says stays
 * as it is; what was made here and says less than Grafana expects is filled in.
 */
import type { GrafanaDashboard, GrafanaPanel, GrafanaTarget, GrafanaVariable } from './grafana';
import { PANEL_TYPES } from './dashboard';
import { writtenOptions } from './options';
import { formatOf } from './panel';
import { referencesIn } from './variable';

const SOURCE = 'grafana-clickhouse-datasource';

/** The variable that says which data source is asked, where a file has none. */
const VARIABLE = 'DS_CLICKHOUSE';

/** What Grafana asks for when it imports the file: the first data source of the variable. */
const INPUT = 'INPUT_CLICKHOUSE';

/** Of Grafana 10.2; later ones bring files of it to their own. */
const SCHEMA_VERSION = 39;

const PANEL_NAMES: Record<string, string> = {
  timeseries: 'Time series',
  table: 'Table',
  barchart: 'Bar chart',
  stat: 'Stat',
  piechart: 'Pie chart',
  text: 'Text',
  bargauge: 'Bar gauge',
  'state-timeline': 'State timeline',
  heatmap: 'Heatmap',
  histogram: 'Histogram',
};

/** Grafana's own, which each of its dashboards has. */
const ALERTS = {
  builtIn: 1,
  datasource: { type: 'grafana', uid: '-- Grafana --' },
  enable: true,
  hide: true,
  iconColor: 'rgba(0, 211, 255, 1)',
  name: 'Annotations & Alerts',
  type: 'dashboard',
};

export function exported(dashboard: GrafanaDashboard, uid: string, version: number): Record<string, unknown> {
  const list = dashboard.templating?.list ?? [];
  const known = list.find(({ type }) => type === 'datasource');
  const source = { type: SOURCE, uid: `\${${known?.name ?? VARIABLE}}` };
  const panels = (dashboard.panels ?? []).map((panel) => wholePanel(panel, source));
  const variables = list.map((variable) => wholeVariable(variable, source));
  const isAsked = referencesIn(JSON.stringify([panels, variables])).includes(known?.name ?? VARIABLE);
  if (isAsked && known === undefined) variables.unshift(sourceVariable({ name: VARIABLE }));
  const { refresh, ...rest } = dashboard;
  return {
    __inputs: isAsked ? [{ name: INPUT, label: 'ClickHouse', description: 'Where the events are', type: 'datasource', pluginId: SOURCE, pluginName: 'ClickHouse' }] : [],
    __elements: {},
    __requires: requirements(panels, isAsked),
    annotations: { list: [ALERTS] },
    editable: true,
    fiscalYearStartMonth: 0,
    graphTooltip: 1,
    links: [],
    liveNow: false,
    schemaVersion: SCHEMA_VERSION,
    tags: [],
    time: { from: 'now-7d', to: 'now' },
    timepicker: {},
    timezone: '',
    title: uid,
    weekStart: '',
    ...rest,
    refresh: typeof refresh === 'string' ? refresh : '',
    id: null,
    uid,
    version,
    panels,
    templating: { ...dashboard.templating, list: variables },
  };
} // prettier-ignore

function requirements(panels: GrafanaPanel[], isAsked: boolean) {
  const types = new Set(panels.flatMap(({ type, panels = [] }) => [type, ...panels.map(({ type }) => type)]));
  return [
    { type: 'grafana', id: 'grafana', name: 'Grafana', version: '10.2.0' },
    ...(isAsked ? [{ type: 'datasource', id: SOURCE, name: 'ClickHouse', version: '3.3.0' }] : []),
    ...[...types].flatMap((type = '') => PANEL_NAMES[type] ? [{ type: 'panel', id: type, name: PANEL_NAMES[type], version: '' }] : []),
  ];
} // prettier-ignore

function wholePanel(panel: GrafanaPanel, source: object): GrafanaPanel {
  if (panel.type === 'row') {
    const panels = (panel.panels ?? []).map((inner) => wholePanel(inner, source));
    return { ...panel, collapsed: panel.collapsed === true, panels };
  }
  if (!PANEL_TYPES.some((type) => type === panel.type)) return panel;
  const targets = panel.targets?.map((target) => wholeTarget(target, panel, source));
  return {
    ...(targets?.length ? { datasource: source } : {}),
    ...panel,
    title: panel.title ?? '',
    gridPos: { h: 8, w: 12, x: 0, y: 0, ...panel.gridPos },
    fieldConfig: { ...panel.fieldConfig, defaults: panel.fieldConfig?.defaults ?? {}, overrides: panel.fieldConfig?.overrides ?? [] },
    options: panel.options ?? {},
    ...(targets ? { targets } : {}),
  };
} // prettier-ignore

function wholeTarget(target: GrafanaTarget, panel: GrafanaPanel, source: object): GrafanaTarget {
  return { datasource: panel.datasource ?? source, queryType: 'sql', ...target, format: target.format ?? formatOf(panel.type) }; // prettier-ignore
}

function wholeVariable(variable: GrafanaVariable, source: object): GrafanaVariable {
  if (variable.type === 'datasource') return sourceVariable(variable);
  const { current } = variable;
  const whole: GrafanaVariable = {
    hide: 0,
    skipUrlSync: false,
    options: optionsOf(variable),
    ...variable,
    label: variable.label ?? variable.name ?? null,
    current: { selected: true, text: current?.text ?? current?.value ?? '', value: current?.value ?? '' },
  };
  if (variable.type !== 'query') return whole;
  return {
    datasource: source,
    definition: typeof variable.query === 'string' ? variable.query : '',
    includeAll: false,
    multi: false,
    refresh: 2,
    regex: '',
    sort: 0,
    ...whole,
  };
}

/** Those that are written in the file; Grafana asks for the others. */
function optionsOf({ type, query, current }: GrafanaVariable): unknown[] {
  if (type === 'textbox') return [{ selected: true, text: query, value: query }];
  if (typeof query !== 'string' || (type !== 'custom' && type !== 'interval')) return [];
  const chosen = [current?.value].flat();
  return writtenOptions(query).map((option) => ({ ...option, selected: chosen.includes(option.value) }));
}

/** Hidden, since there is one; Grafana puts what was answered in its place. */
function sourceVariable(variable: GrafanaVariable): GrafanaVariable {
  return {
    hide: 2,
    includeAll: false,
    label: 'Data source',
    multi: false,
    options: [],
    query: SOURCE,
    refresh: 1,
    regex: '',
    skipUrlSync: true,
    type: 'datasource',
    ...variable,
    current: { selected: false, text: 'ClickHouse', value: `\${${INPUT}}` },
  };
}
