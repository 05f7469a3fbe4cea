/** What a field's configuration comes to, with its overrides, and what its values look like. */
import { numberOf, plainText, type Column } from '../data/frame';
import type { FieldConfig, GrafanaPanel, Mapping, Thresholds } from '../model/grafana';
import type { Zone } from '../time/zone';
import { namedColor } from './colors';
import { timeText } from './moment';
import { figure } from './value';

const ID = /(^|_)id$/i;

/** As it is shown: a colour only where it says something. */
export interface Shown {
  text: string;
  unit: string;
  color: string | null;
}

/** The defaults with all overrides that match, the last one winning. */
export function fieldConfig(
  panel: GrafanaPanel,
  column: Pick<Column, 'name' | 'kind'>,
  refId = 'A',
): FieldConfig {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  // Not deeper: overrides set whole values.
  const config: FieldConfig = { ...defaults };
  if (defaults.custom) config.custom = { ...defaults.custom };
  for (const { matcher, properties, __systemRef } of overrides) {
    // A click in a legend of long ago: its names are those of other data, and it would hide all of these.
    if (__systemRef === 'hideSeriesFrom' || !matches(matcher ?? {}, column, refId)) continue;
    for (const { id, value } of properties ?? []) {
      if (id?.startsWith('custom.')) set((config.custom ??= {}), id.slice(7), value);
      else if (id !== undefined) set(config as Record<string, unknown>, id, value);
    }
  }
  return config;
}

function matches(
  matcher: { id?: string; options?: unknown },
  { name, kind }: Pick<Column, 'name' | 'kind'>,
  refId: string,
) {
  const { id, options } = matcher;
  if (id === 'byName') return options === name;
  if (id === 'byType') return options === kind || (options === 'string' && kind === 'text');
  if (id === 'byFrameRefID') return options === refId;
  if (id === 'byRegexp') return regex(String(options)).test(name);
  if (id === 'byNames') {
    const { names = [], mode } = (options ?? {}) as { names?: string[]; mode?: string };
    return names.includes(name) === (mode !== 'exclude');
  }
  return false;
}

function set(target: Record<string, unknown>, path: string, value: unknown) {
  target[path] = value;
}

function regex(text: string): RegExp {
  const [, body, flags] = /^\/(.*)\/(\w*)$/s.exec(text) ?? [, text, ''];
  try {
    return new RegExp(body!, flags);
  } catch {
    return /^\b$/;
  }
}

/** A series that the file hides in charts. */
export function isHidden(config: FieldConfig): boolean {
  const hidden = config.custom?.hideFrom as { viz?: boolean } | undefined;
  return hidden?.viz === true;
}

export function shown(value: unknown, column: Column, config: FieldConfig, zone: Zone): Shown {
  const mapped = mapping(value, config.mappings ?? []);
  const color = mapped?.color ? namedColor(mapped.color) : thresholdColor(numberOf(value), config);
  if (mapped?.text !== undefined) return { text: mapped.text, unit: '', color };
  if (value === null || value === undefined) return { text: config.noValue ?? '–', unit: '', color: null };
  if (column.kind === 'time' && typeof value === 'number') {
    return { text: timeText(value, column.type, config.unit ?? '', zone), unit: '', color };
  }
  const number = column.kind === 'number' ? numberOf(value) : null;
  if (number === null) return { text: plainText(value), unit: '', color: null };
  // Nobody counts by ids, and who copies one wants it as it is.
  if (ID.test(column.name) && ['', 'none'].includes(config.unit ?? ''))
    return { text: plainText(value), unit: '', color };
  return { ...figure(number, config), color };
}

interface Mapped {
  text?: string;
  color?: string;
}

function mapping(value: unknown, mappings: Mapping[]): Mapped | undefined {
  for (const { type, options } of mappings) {
    const given = (options ?? {}) as Record<string, unknown> & { result?: Mapped };
    if (type === 'value') {
      const found = given[String(value)] as Mapped | undefined;
      if (found) return found;
    }
    if (type === 'range') {
      const number = numberOf(value);
      const [from, to] = [numberOf(given.from) ?? -Infinity, numberOf(given.to) ?? Infinity];
      if (number !== null && number >= from && number <= to) return given.result;
    }
    if (type === 'regex' && regex(String(given.pattern)).test(String(value ?? ''))) return given.result;
    if (type === 'special') {
      const holds: Record<string, boolean> = {
        null: value == null,
        'null+nan': value == null || Number.isNaN(value),
        nan: Number.isNaN(value),
        true: value === true,
        false: value === false,
        empty: value === '',
      };
      if (holds[String(given.match)]) return given.result;
    }
  }
  return undefined;
}

/**
 * The colour of a severity, where thresholds are in force and passed. The first step says that all
 * is well, which no figure needs a colour for.
 */
export function thresholdColor(value: number | null, config: FieldConfig): string | null {
  const { color, thresholds, min, max } = config;
  if (value === null || !thresholds?.steps || isUntouched(thresholds)) return null;
  if (color?.mode !== undefined && color.mode !== 'thresholds') return null;
  const share = thresholds.mode === 'percentage';
  const compared = share ? (100 * (value - (min ?? 0))) / ((max ?? 100) - (min ?? 0) || 1) : value;
  const passed = thresholds.steps.filter((step) => step.value != null && compared >= step.value).at(-1);
  return passed?.color ? namedColor(passed.color) : null;
}

/** Every panel made in Grafana begins with red from 80 on. Nobody meant it, so it says nothing. */
function isUntouched({ steps = [] }: Thresholds): boolean {
  return (
    steps.length === 2 && steps[1]?.value === 80 && steps[1].color === 'red' && steps[0]?.color === 'green'
  );
}
