/** Changes of one panel of a dashboard's file: each returns another one. */
import type { FieldConfig, GrafanaPanel, GrafanaTarget } from './grafana';

export type PlaceKey = 'x' | 'y' | 'w' | 'h';

/** Its queries; a panel without any has an empty one to begin with. */
export function targetsOf({ targets, type }: GrafanaPanel): GrafanaTarget[] {
  return targets?.length ? targets : [{ refId: 'A', rawSql: '', format: formatOf(type) }];
}

export function withTarget(panel: GrafanaPanel, at: number, part: Partial<GrafanaTarget>): GrafanaPanel {
  return { ...panel, targets: targetsOf(panel).map((one, i) => (i === at ? { ...one, ...part } : one)) };
}

/** Another query at the end, with the options of the one at `at` and the first letter that is free. */
export function withNewTarget(panel: GrafanaPanel, at: number): GrafanaPanel {
  const targets = targetsOf(panel);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');
  const refId = letters.find((letter) => targets.every((one) => one.refId !== letter)) ?? 'Z';
  return { ...panel, targets: [...targets, { ...targets[at], refId, rawSql: '' }] };
}

export function withoutTarget(panel: GrafanaPanel, at: number): GrafanaPanel {
  return { ...panel, targets: targetsOf(panel).filter((_, i) => i !== at) };
}

export function defaultsOf({ fieldConfig }: GrafanaPanel): FieldConfig {
  return fieldConfig?.defaults ?? {};
}

/** Options of all columns; one that is `undefined` is taken away. */
export function withDefaults(panel: GrafanaPanel, part: Partial<FieldConfig>): GrafanaPanel {
  const merged = { ...defaultsOf(panel), ...part };
  for (const key of Object.keys(part) as (keyof FieldConfig)[])
    if (part[key] === undefined) delete merged[key];
  return { ...panel, fieldConfig: { ...panel.fieldConfig, defaults: merged } };
}

/** Options that Grafana keeps apart by the kind of panel. */
export function withCustom(panel: GrafanaPanel, part: Record<string, unknown>): GrafanaPanel {
  return withDefaults(panel, { custom: { ...defaultsOf(panel).custom, ...part } });
}

/** Of another kind; its queries ask for what that one draws, where they were as new ones are. */
export function withType(panel: GrafanaPanel, type: string): GrafanaPanel {
  const [before, after] = [formatOf(panel.type), formatOf(type)];
  const targets = panel.targets?.map((target) =>
    before !== after && target.format === before ? { ...target, format: after } : target,
  );
  return { ...panel, type, ...(targets ? { targets } : {}) };
}

/** What the ClickHouse data source makes of a query: 0 is a time series with labels, 1 a table. */
export function formatOf(type: string | undefined): 0 | 1 {
  return type === 'timeseries' || type === 'heatmap' ? 0 : 1;
}

/** Whole numbers from 0 on. */
export function withPlace(panel: GrafanaPanel, key: PlaceKey, value: number): GrafanaPanel {
  return { ...panel, gridPos: { ...panel.gridPos, [key]: Math.max(0, Math.round(value)) } };
}

/** With what the text has; an error says what is wrong with it. */
export function withJson(panel: GrafanaPanel, text: string): GrafanaPanel {
  const parsed = JSON.parse(text) as unknown;
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Error('A JSON object is expected.');
  return { ...panel, ...parsed };
}

/** What a field for a number holds; `undefined` if that is none. */
export function typedNumber(text: string): number | undefined {
  return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
}
