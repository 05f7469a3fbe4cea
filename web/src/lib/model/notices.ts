/** What a file asks of a panel that the page does not do: a sentence each, for a quiet notice. The file keeps all of it. */
import type { FieldConfig, GrafanaDashboard, GrafanaPanel } from './grafana';
import { parseLink } from './links';

export const TRANSFORMATIONS = ['organize', 'sortBy', 'filterByValue', 'reduce'];
const MATCHERS = ['byName', 'byNames', 'byRegexp', 'byType', 'byFrameRefID'];
const MAPPINGS = ['value', 'range', 'regex', 'special'];
const CELLS = ['auto', 'string', 'color-text', 'color-background', 'color-background-solid', 'gauge', 'basic', 'gradient-gauge', 'lcd-gauge', 'json-view']; // prettier-ignore

/** What an override may set, beside `custom.` below. */
const PROPERTIES = ['unit', 'decimals', 'displayName', 'description', 'noValue', 'min', 'max', 'color', 'thresholds', 'mappings', 'links']; // prettier-ignore
/** Of `custom.`: what is drawn, and what changes nothing here (every cell can be inspected, every column filtered). */
const CUSTOM = ['width', 'align', 'hidden', 'hideFrom', 'cellOptions', 'displayMode', 'drawStyle', 'lineWidth', 'fillOpacity', 'stacking', 'spanNulls', 'inspect', 'filterable', 'minWidth']; // prettier-ignore

export function panelNotices(panel: GrafanaPanel): string[] {
  const notices: string[] = [];
  for (const { id, disabled } of panel.transformations ?? []) {
    if (!disabled && !TRANSFORMATIONS.includes(id ?? ''))
      notices.push(`The transformation ${id} is not applied here.`);
  }
  if (panel.repeat) notices.push(`It is not repeated for each value of ${panel.repeat}.`);
  notices.push(...fieldNotices(panel.fieldConfig?.defaults ?? {}));
  for (const { matcher, properties } of panel.fieldConfig?.overrides ?? []) {
    if (!MATCHERS.includes(matcher?.id ?? '')) {
      notices.push(`Overrides for fields ${matcher?.id} are not applied here.`);
      continue;
    }
    const set: FieldConfig = {};
    for (const { id = '', value } of properties ?? []) {
      const isKnown = id.startsWith('custom.') ? CUSTOM.includes(id.slice(7)) : PROPERTIES.includes(id);
      if (!isKnown) notices.push(`The field option ${id} is not applied here.`);
      else if (id.startsWith('custom.')) (set.custom ??= {})[id.slice(7)] = value;
      else Object.assign(set, { [id]: value });
    }
    notices.push(...fieldNotices(set));
  }
  return [...new Set(notices)];
}

function fieldNotices({ color, mappings, custom = {} }: FieldConfig): string[] {
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
  return notices;
}

/** Of the dashboard itself. Grafana's own list of alerts is in every file, and no wish. */
export function dashboardNotices({ annotations, links, panels }: GrafanaDashboard): string[] {
  return [
    ...(annotations?.list ?? []).flatMap(({ name, builtIn, enable }) =>
      builtIn || enable === false ? [] : [`The annotations ${name} are not shown here.`],
    ),
    ...(links ?? []).flatMap((link) =>
      parseLink(link) === null ? [`The link ${link.title ?? ''} cannot be followed here.`] : [],
    ),
    ...(panels ?? []).flatMap(({ type, title = '', repeat }) =>
      type === 'row' && repeat ? [`The row ${title} is not repeated for each value of ${repeat}.`] : [],
    ),
  ];
}
