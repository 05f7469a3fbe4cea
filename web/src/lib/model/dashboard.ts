/** From Grafana's JSON model to what is shown: sections of panels, and notices of what is not. */
import { parseAnnotations, type AnnotationList } from './annotations';
import type { GrafanaDashboard, GrafanaPanel, GrafanaTarget, GridPos } from './grafana';
import { parseWeekStart, type WeekStart } from '../time/week';
import { parseLink, type DashboardLink } from './links';
import { dashboardNotices, panelNotices } from './notices';
import type { Scope } from './repeat';
import { parseVariable, type Variable } from './variable';

export const PANEL_TYPES = [
  'timeseries',
  'table',
  'barchart',
  'stat',
  'piechart',
  'text',
  'bargauge',
  'state-timeline',
  'heatmap',
  'histogram',
  'annoscope-timesheet-panel',
  'annoscope-timeline-panel',
] as const;
export type PanelType = (typeof PANEL_TYPES)[number];

/** The types of earlier Grafana versions that became one of ours. */
export const SUCCESSORS: Record<string, PanelType> = {
  graph: 'timeseries',
  singlestat: 'stat',
  'table-old': 'table',
  'grafana-piechart-panel': 'piechart',
};

export interface Target {
  refId: string;
  sql: string;
  isTimeSeries: boolean;
}

export interface Panel {
  id: number;
  /** The file's, which all copies of a repeated panel share. */
  fileId: number;
  repeat: { variable: string; isVertical: boolean; maxPerRow: number | null } | null;
  /** Of a copy: what stands for the variable. */
  scope: Scope;
  /** `null` if we have none such. */
  type: PanelType | null;
  title: string;
  description: string;
  grid: GridPos;
  targets: Target[];
  /** The file's own, for what belongs to one type of panel. */
  source: GrafanaPanel;
  /** What the page leaves out of this panel, one sentence each. */
  notices: string[];
}

/** What lies between two rows. What comes before the first row, or after a folded one, has no title. */
export interface Section {
  id: number;
  title: string | null;
  startsCollapsed: boolean;
  /** The variable for each of whose values it is shown. */
  repeat: string | null;
  scope: Scope;
  panels: Panel[];
}

export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  time: { from: string; to: string };
  refresh: string;
  /** As the file has it; empty for the viewer's. */
  timezone: string;
  weekStart: WeekStart;
  sections: Section[];
  variables: Variable[];
  links: DashboardLink[];
  annotations: AnnotationList[];
  notices: string[];
}

export function parseDashboard(uid: string, model: GrafanaDashboard): Dashboard {
  const notices = dashboardNotices(model);
  const variables = (model.templating?.list ?? []).flatMap((source) => {
    // Which of a Grafana's data sources is asked: here there is one.
    if (source.type === 'datasource') return [];
    const variable = parseVariable(source);
    if (variable === null)
      notices.push(`The variable ${source.name} is of the type ${source.type}, which is not known here.`);
    return variable ?? [];
  });
  return {
    uid,
    title: model.title ?? uid,
    description: model.description ?? '',
    time: { from: model.time?.from ?? 'now-7d', to: model.time?.to ?? 'now' },
    refresh: typeof model.refresh === 'string' ? model.refresh : '',
    timezone: model.timezone ?? '',
    weekStart: parseWeekStart(model.weekStart),
    sections: sections(model.panels ?? []),
    variables,
    annotations: parseAnnotations(model),
    links: (model.links ?? []).flatMap((link) => parseLink(link) ?? []),
    notices,
  };
}

export function allPanels(dashboard: Dashboard): Panel[] {
  return dashboard.sections.flatMap(({ panels }) => panels);
}

function sections(sources: GrafanaPanel[]): Section[] {
  let nextId = Math.max(
    0,
    ...sources.flatMap(({ id, panels }) => [id ?? 0, ...(panels ?? []).map((p) => p.id ?? 0)]),
  );
  const withIds = sources.map((source) => ({ ...source, id: source.id ?? ++nextId }));
  const ordered = withIds.sort((a, b) => compare(positionOf(a), positionOf(b)));
  const untitled = (id: number): Section => ({ id, title: null, startsCollapsed: false, repeat: null, scope: {}, panels: [] });
  const found: Section[] = [untitled(0)];
  for (const source of ordered) {
    if (source.type === 'row') {
      const inside = (source.panels ?? []).map((panel) => ({ ...panel, id: panel.id ?? ++nextId }));
      found.push({
        id: source.id,
        title: source.title ?? '',
        startsCollapsed: source.collapsed === true,
        repeat: source.repeat || null,
        scope: {},
        panels: inside.sort((a, b) => compare(positionOf(a), positionOf(b))).map(parsePanel),
      });
      // A folded row has its panels in itself: what comes after it does not fold.
      if (source.collapsed === true) found.push(untitled(-source.id));
    } else {
      found.at(-1)!.panels.push(parsePanel(source));
    }
  }
  return found.filter(({ title, panels }) => title !== null || panels.length > 0).map(fromTop);
} // prettier-ignore

/** Rows fold away, so each section counts its lines from its own top. */
function fromTop(section: Section): Section {
  const top = Math.min(...section.panels.map(({ grid }) => grid.y));
  const panels = section.panels.map((panel) => ({
    ...panel,
    grid: { ...panel.grid, y: panel.grid.y - top },
  }));
  return { ...section, panels };
}

function parsePanel(source: GrafanaPanel & { id: number }): Panel {
  const named = source.type ?? '';
  const type = PANEL_TYPES.find((known) => known === named) ?? SUCCESSORS[named] ?? null;
  const notices: string[] = [];
  if (type === null)
    notices.push(
      `Panels of the type ${named || '(none)'} are not shown here. The file keeps this one as it is.`,
    );
  notices.push(...panelNotices(source, type));
  const grid = positionOf(source);
  return {
    id: source.id,
    fileId: source.id,
    repeat: source.repeat
      ? {
          variable: source.repeat,
          isVertical: source.repeatDirection === 'v',
          maxPerRow: source.maxPerRow ?? null,
        }
      : null,
    scope: {},
    type,
    title: source.title ?? '',
    description: source.description ?? '',
    grid: { ...grid, w: Math.min(grid.w, 24 - grid.x) },
    targets: (source.targets ?? []).flatMap(parseTarget),
    source,
    notices,
  };
}

function parseTarget(target: GrafanaTarget, index: number): Target[] {
  const sql = (target.rawSql ?? '').replaceAll('\r\n', '\n');
  if (target.hide === true || sql.trim() === '') return [];
  const isTimeSeries =
    target.format === 0 || target.format === 'timeseries' || target.format === 'time_series';
  return [{ refId: target.refId ?? String.fromCharCode(65 + index), sql, isTimeSeries }];
}

/** Where the file puts a panel, in whole columns and lines. */
export function positionOf({ gridPos }: GrafanaPanel): GridPos {
  const within = (value: number | undefined, least: number, most: number, otherwise: number) =>
    Math.min(Math.max(Math.round(value ?? otherwise), least), most);
  return {
    x: within(gridPos?.x, 0, 23, 0),
    y: within(gridPos?.y, 0, 100_000, 0),
    w: within(gridPos?.w, 1, 24, 12),
    h: within(gridPos?.h, 1, 200, 8),
  };
}

function compare(a: GridPos, b: GridPos): number {
  return a.y - b.y || a.x - b.x;
}
