/**
 * Grafana's dashboard JSON model, as much of it as the page reads. Everything may be absent: files
 * come from many versions, and from hands.
 */

export interface GrafanaDashboard {
  uid?: string;
  title?: string;
  description?: string;
  panels?: GrafanaPanel[];
  templating?: { list?: GrafanaVariable[] };
  time?: { from?: string; to?: string };
  refresh?: string | boolean;
  timezone?: string;
  weekStart?: string;
  links?: GrafanaLink[];
  schemaVersion?: number;
  tags?: string[];
  annotations?: { list?: GrafanaAnnotations[] };
}

export interface GrafanaAnnotations {
  name?: string;
  builtIn?: number | boolean;
  enable?: boolean;
  /** Whether there is no switch for them. */
  hide?: boolean;
  iconColor?: string;
  datasource?: unknown;
  target?: GrafanaTarget;
  /** Panels that they are shown on, or not. */
  filter?: { ids?: number[]; exclude?: boolean };
  mappings?: Record<string, { source?: string; value?: string }>;
  /** Ours: dates that are written in the file, in place of a query. */
  dates?: WrittenDate[];
}

/** As ranges of time are written: `2026-12-24`, `2026-12-24 14:00`. */
export interface WrittenDate {
  time?: string;
  timeEnd?: string;
  text?: string;
  tags?: string[];
}

export interface GrafanaLink {
  type?: string;
  title?: string;
  url?: string;
  tooltip?: string;
  targetBlank?: boolean;
  keepTime?: boolean;
  includeVars?: boolean;
  /** Of `type: 'dashboards'`. */
  tags?: string[];
  asDropdown?: boolean;
}

export interface GrafanaPanel {
  id?: number;
  type?: string;
  title?: string;
  description?: string;
  gridPos?: Partial<GridPos>;
  collapsed?: boolean;
  /** Of a collapsed row. */
  panels?: GrafanaPanel[];
  targets?: GrafanaTarget[];
  fieldConfig?: { defaults?: FieldConfig; overrides?: FieldOverride[] };
  options?: Record<string, unknown>;
  transformations?: Transformation[];
  interval?: string | null;
  maxDataPoints?: number | null;
  repeat?: string | null;
  repeatDirection?: string;
  maxPerRow?: number;
  timeFrom?: string | null;
  timeShift?: string | null;
  hideTimeOverride?: boolean;
  links?: unknown[];
  libraryPanel?: unknown;
  datasource?: unknown;
  pluginVersion?: string;
}

export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface GrafanaTarget {
  refId?: string;
  hide?: boolean;
  rawSql?: string;
  /** 0 is a time series, 1 a table; newer files have words. */
  format?: number | string;
  queryType?: string;
  datasource?: unknown;
}

export interface FieldConfig {
  unit?: string;
  decimals?: number | null;
  displayName?: string;
  description?: string;
  noValue?: string;
  min?: number | null;
  max?: number | null;
  color?: { mode?: string; fixedColor?: string };
  thresholds?: Thresholds;
  mappings?: Mapping[];
  links?: unknown[];
  custom?: Record<string, unknown>;
}

export interface FieldOverride {
  /** Of what Grafana wrote by itself: `hideSeriesFrom` is a click in a legend. */
  __systemRef?: string;
  matcher?: { id?: string; options?: unknown };
  properties?: { id?: string; value?: unknown }[];
}

export interface Thresholds {
  mode?: string;
  steps?: { color?: string; value?: number | null }[];
}

export interface Mapping {
  type?: string;
  options?: unknown;
}

export interface Transformation {
  id?: string;
  disabled?: boolean;
  options?: Record<string, unknown>;
}

export interface GrafanaVariable {
  name?: string;
  type?: string;
  label?: string | null;
  description?: string | null;
  hide?: number | string;
  query?: string | Record<string, unknown>;
  definition?: string;
  regex?: string;
  sort?: number;
  refresh?: number;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string | null;
  current?: { value?: unknown; text?: unknown; selected?: boolean };
  options?: unknown[];
  skipUrlSync?: boolean;
  datasource?: unknown;
  auto?: boolean;
  auto_count?: number;
  auto_min?: string;
}
