/** Changes of a dashboard's file: each returns another one, and touches nothing that it is not about. */
import type { GrafanaDashboard, GrafanaPanel } from './grafana';
import { formatOf } from './panel';

/** A panel as the file has it, also one within a folded row. */
export function panelJson(dashboard: GrafanaDashboard, id: number): GrafanaPanel | undefined {
  return everyPanel(dashboard).find((panel) => panel.id === id);
}

function everyPanel({ panels = [] }: GrafanaDashboard): GrafanaPanel[] {
  return panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
}

function mapPanels(
  panels: GrafanaPanel[],
  id: number,
  change: (panel: GrafanaPanel) => GrafanaPanel[],
): GrafanaPanel[] {
  return panels.flatMap((panel) => {
    if (panel.id === id) return change(panel);
    if (!panel.panels) return [panel];
    return [{ ...panel, panels: mapPanels(panel.panels, id, change) }];
  });
}

/** Each panel with an id of its own, by which it is edited: old and handwritten files have panels without. */
export function withIds(dashboard: GrafanaDashboard): GrafanaDashboard {
  if (everyPanel(dashboard).every(({ id }) => id !== undefined)) return dashboard;
  let next = nextId(dashboard);
  const named = (panel: GrafanaPanel): GrafanaPanel => ({
    ...panel,
    id: panel.id ?? next++,
    ...(panel.panels ? { panels: panel.panels.map(named) } : {}),
  });
  return { ...dashboard, panels: dashboard.panels!.map(named) };
}

export function replacePanel(dashboard: GrafanaDashboard, id: number, panel: GrafanaPanel): GrafanaDashboard {
  return { ...dashboard, panels: mapPanels(dashboard.panels ?? [], id, () => [{ ...panel, id }]) };
}

export function removePanel(dashboard: GrafanaDashboard, id: number): GrafanaDashboard {
  return { ...dashboard, panels: mapPanels(dashboard.panels ?? [], id, () => []) };
}

/** The copy comes below, and moves down what was there. */
export function duplicatePanel(dashboard: GrafanaDashboard, id: number): GrafanaDashboard {
  const original = panelJson(dashboard, id);
  if (!original) return dashboard;
  const { x = 0, y = 0, w = 12, h = 8 } = original.gridPos ?? {};
  const copy: GrafanaPanel = {
    ...structuredClone(original),
    id: nextId(dashboard),
    title: `${original.title ?? 'Panel'} (copy)`,
    gridPos: { x, y: y + h, w, h },
  };
  const moved = (panel: GrafanaPanel): GrafanaPanel =>
    (panel.gridPos?.y ?? 0) >= y + h
      ? { ...panel, gridPos: { ...panel.gridPos, y: (panel.gridPos?.y ?? 0) + h } }
      : panel;
  const panels = (dashboard.panels ?? []).map(moved);
  return { ...dashboard, panels: mapPanels(panels, id, (panel) => [panel, copy]) };
}

/** At the end. `made` says what it is made of, where it is no empty one. */
export function addPanel(
  dashboard: GrafanaDashboard,
  made: Partial<GrafanaPanel> & { sql?: string } = {},
): { dashboard: GrafanaDashboard; id: number } {
  const id = nextId(dashboard);
  const bottom = Math.max(0, ...everyPanel(dashboard).map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0))); // prettier-ignore
  const source = everyPanel(dashboard).find((panel) => 'datasource' in panel) as { datasource?: unknown } | undefined; // prettier-ignore
  const datasource = source?.datasource ?? { type: 'grafana-clickhouse-datasource', uid: '${DS_CLICKHOUSE}' };
  const { sql = FIRST_QUERY, type = 'timeseries', ...rest } = made;
  const panel = {
    id,
    type,
    title: 'New panel',
    gridPos: { x: 0, y: bottom, w: 24, h: 9 },
    datasource,
    fieldConfig: { defaults: {}, overrides: [] },
    options: {},
    targets: [{ refId: 'A', datasource, format: formatOf(type), queryType: 'sql', rawSql: sql }],
    ...rest,
  };
  return { id, dashboard: { ...dashboard, panels: [...(dashboard.panels ?? []), panel as GrafanaPanel] } };
}

/** What a new panel begins with: it runs, and shows how a query is written. */
const FIRST_QUERY = `SELECT $__timeInterval(timestamp) AS time, count() AS events
FROM events
WHERE $__timeFilter(timestamp)
GROUP BY time
ORDER BY time`;

function nextId(dashboard: GrafanaDashboard): number {
  return 1 + Math.max(0, ...everyPanel(dashboard).map(({ id }) => id ?? 0));
}

/** What differs between two files, in words: a line a panel or setting. */
export function describeChanges(before: GrafanaDashboard, after: GrafanaDashboard): string[] {
  const lines: string[] = [];
  const old = new Map(everyPanel(before).map((panel) => [panel.id, panel]));
  const now = new Map(everyPanel(after).map((panel) => [panel.id, panel]));
  for (const [id, panel] of now) {
    const earlier = old.get(id);
    const title = panel.title || `Panel ${id}`;
    if (!earlier) lines.push(`${title}: added`);
    else {
      const parts = panelChanges(earlier, panel);
      if (parts.length > 0) lines.push(`${title}: ${parts.join(', ')}`);
    }
  }
  for (const [id, panel] of old) if (!now.has(id)) lines.push(`${panel.title || `Panel ${id}`}: removed`);
  const ignored = ['panels', 'version', 'id'];
  const keys = new Set(
    [...Object.keys(before), ...Object.keys(after)].filter((key) => !ignored.includes(key)),
  );
  for (const key of keys) {
    const [a, b] = [before[key as keyof GrafanaDashboard], after[key as keyof GrafanaDashboard]];
    if (JSON.stringify(a) === JSON.stringify(b)) continue;
    lines.push(`${SETTINGS[key] ?? `Setting ${key}`}: changed${typeof b === 'string' ? ` to ${b}` : ''}`);
  }
  return lines;
}

const SETTINGS: Record<string, string> = {
  title: 'Title',
  description: 'Description',
  time: 'Time range',
  refresh: 'Refresh',
  templating: 'Filters',
  annotations: 'Annotations',
  timezone: 'Time zone',
  weekStart: 'Start of the week',
};

function panelChanges(before: GrafanaPanel, after: GrafanaPanel): string[] {
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  const parts: string[] = [];
  if (before.title !== after.title) parts.push(`title was ${before.title || 'empty'}`);
  if (before.type !== after.type) parts.push(`${before.type} became ${after.type}`);
  if (differs(before.targets, after.targets)) parts.push('query changed');
  if (before.description !== after.description) parts.push('description changed');
  const [a, b] = [before.fieldConfig?.defaults ?? {}, after.fieldConfig?.defaults ?? {}];
  if (a.unit !== b.unit) parts.push(`unit: ${b.unit || 'none'}`);
  if (a.decimals !== b.decimals) parts.push(`decimals: ${b.decimals ?? 'automatic'}`);
  if (differs(a.thresholds, b.thresholds)) parts.push('thresholds changed');
  const rest = ({ unit: _, decimals: __, thresholds: ___, ...others }: typeof a) => others;
  if (differs(rest(a), rest(b)) || differs(before.fieldConfig?.overrides, after.fieldConfig?.overrides)) parts.push('fields changed'); // prettier-ignore
  if (differs(before.options, after.options)) parts.push('options changed');
  if (differs(before.gridPos, after.gridPos)) parts.push('moved');
  if (differs(before.transformations, after.transformations)) parts.push('transformations changed');
  return parts;
}
