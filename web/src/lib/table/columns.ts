/** Columns of a table as they are shown: alignment, units in the header, links, colours. */
import { namedColor } from '../format/colors';
import { columnDecimals, figureText, fixedUnit } from '../format/value';
import { fieldConfig, shown, type Shown } from '../format/field';
import { numberOf, type Column, type Frame } from '../data/frame';
import { reduce } from '../data/reduce';
import type { FieldConfig, GrafanaPanel } from '../model/grafana';
import type { Zone } from '../time/zone';

export interface TableColumn {
  column: Column;
  /** Place in the rows. */
  at: number;
  config: FieldConfig;
  header: string;
  /** Said once, in the header. */
  unit: string | null;
  isRight: boolean;
  widthPx: number | null;
  /** How a cell shows its value beside its text. */
  look: 'text' | 'background' | 'gauge' | 'json';
  /** Of all its values, where the panel says one; else it is by their thresholds. */
  fixedColor: string | null;
  /** Of a gauge, its empty and its full. */
  gauge: [number, number];
}

export function tableColumns(panel: GrafanaPanel, frame: Frame): TableColumn[] {
  const all = frame.columns.map((column, at): TableColumn & { isHidden: boolean } => {
    const config = fieldConfig(panel, column, frame.refId);
    const custom = (config.custom ?? {}) as {
      hidden?: boolean;
      width?: number;
      align?: string;
      cellOptions?: { type?: string };
      displayMode?: string;
    };
    if (column.kind === 'number' && config.decimals == null) {
      config.decimals = columnDecimals(frame.rows.map((row) => row[at]));
    }
    const cellType = custom.cellOptions?.type ?? custom.displayMode;
    return {
      column,
      at,
      config,
      header: config.displayName ?? column.name,
      unit: fixedUnit(config.unit ?? ''),
      isRight: custom.align === 'right' || (custom.align !== 'left' && column.kind === 'number'),
      widthPx: custom.width ?? null,
      look: lookOf(cellType),
      fixedColor: fixedColor(config, cellType),
      gauge: gaugeOf(frame.rows, at, config),
      isHidden: custom.hidden === true,
    };
  });
  return all.filter(({ isHidden }) => !isHidden);
}

/** Colours are for cells that were told to have one, as in Grafana. */
function fixedColor({ color }: FieldConfig, cellType = ''): string | null {
  const isWanted = /color|gauge|basic/.test(cellType) && color?.mode === 'fixed';
  return isWanted && color.fixedColor ? namedColor(color.fixedColor) : null;
}

/** Grafana's names, of now and before. */
function lookOf(type = ''): TableColumn['look'] {
  if (type.startsWith('color-background')) return 'background';
  if (type === 'json-view') return 'json';
  return /gauge|basic/.test(type) ? 'gauge' : 'text';
}

function gaugeOf(rows: unknown[][], at: number, { min, max }: FieldConfig): [number, number] {
  const most = max ?? rows.reduce((most, row) => Math.max(most, numberOf(row[at]) ?? 0), 0);
  return [min ?? 0, most];
}

/** The background of a cell: a colour that says something, or a bar as long as its value. */
export function cellBackground(
  value: unknown,
  { look, gauge: [least, most] }: TableColumn,
  color: string | null,
): string | null {
  if (look === 'background') return color === null ? null : `color-mix(in srgb, ${color} 22%, transparent)`;
  const number = numberOf(value);
  if (look !== 'gauge' || number === null || most <= least) return null;
  const percent = Math.round(100 * Math.min(Math.max((number - least) / (most - least), 0), 1));
  const fill = `color-mix(in srgb, ${color ?? 'var(--series-1)'} 25%, transparent)`;
  return `linear-gradient(90deg, ${fill} ${percent}%, transparent ${percent}%)`;
}

/** Text beyond this many letters is in no cell: it opens in full. */
const MOST_LETTERS = 500;

export function cellText(
  value: unknown,
  { column, config, unit, look, fixedColor }: TableColumn,
  zone: Zone,
): Shown {
  const cell = shown(value, column, config, zone);
  cell.color ??= value === null ? null : fixedColor;
  if (look === 'json') cell.text = jsonText(cell.text);
  if (cell.text.length > MOST_LETTERS) cell.text = `${cell.text.slice(0, MOST_LETTERS)}…`;
  // The unit is in the header.
  return unit !== null && cell.unit === unit ? { ...cell, unit: '' } : cell;
}

/** Indented, which one line shows as spaces; what is long or no JSON is left as it is. */
function jsonText(text: string): string {
  if (text.length > 4 * MOST_LETTERS || !/^[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text;
  }
}

export interface Footer {
  show?: boolean;
  reducer?: string[];
  fields?: string[] | string;
  countRows?: boolean;
}

/** Sums of the columns that the panel names, or of all numbers; `null` where there is none. */
export function footerTexts(
  footer: Footer,
  columns: TableColumn[],
  rows: unknown[][],
): (string | null)[] | null {
  if (footer.show !== true) return null;
  const reducer = footer.reducer?.[0] ?? 'sum';
  const fields = Array.isArray(footer.fields) ? footer.fields : footer.fields ? [footer.fields] : [];
  return columns.map(({ column, at, config, unit, header }) => {
    const isNamed = fields.length === 0 || fields.includes(column.name) || fields.includes(header);
    if (column.kind !== 'number' || !isNamed) return null;
    const value = numberOf(reduce(reducer, rows.map((row) => row[at]))); // prettier-ignore
    if (value === null) return null;
    const text = figureText(value, config);
    return unit !== null && text.endsWith(unit) ? text.slice(0, -unit.length).trim() : text;
  });
}
