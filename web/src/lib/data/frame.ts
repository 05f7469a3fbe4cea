/** The answer of a query as columns and rows, with ClickHouse's types reduced to what display needs. */

export type Kind = 'time' | 'number' | 'boolean' | 'text' | 'other';

export interface Column {
  name: string;
  /** ClickHouse's type. */
  type: string;
  kind: Kind;
  /** Of a frame that was made by values: which it is of, by column. */
  labels?: Record<string, string>;
  /** Its name before it was called by its labels, which overrides may mean. */
  of?: string;
}

export interface Frame {
  refId: string;
  columns: Column[];
  rows: unknown[][];
}

export function kindOf(type: string): Kind {
  const inner = /^(?:Nullable|LowCardinality)\((.*)\)$/s.exec(type);
  if (inner) return kindOf(inner[1]!);
  if (/^Date/.test(type)) return 'time';
  if (/^(U?Int|Float|BFloat|Decimal)/.test(type)) return 'number';
  if (/^Bool/.test(type)) return 'boolean';
  return /^(String|FixedString|UUID|IPv|Enum)/.test(type) ? 'text' : 'other';
}

/** Whether times of a type are days, or seconds, or finer. */
export function precisionOf(type: string): 'day' | 's' | 'ms' {
  if (/\bDate(32)?\b/.test(type)) return 'day';
  return /DateTime64\((?!0)/.test(type) ? 'ms' : 's';
}

/** A number as JSON has it, or as ClickHouse quotes it (wide integers, decimals, nan). */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string' || value.trim() === '') return null;
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}

/** A value as it is copied and exported. */
export function plainText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The frame without some of its columns. */
export function withoutColumns(frame: Frame, names: readonly string[]): Frame {
  if (names.length === 0) return frame;
  const places = frame.columns.flatMap(({ name }, place) => (names.includes(name) ? [] : [place]));
  return {
    ...frame,
    columns: places.map((place) => frame.columns[place]!),
    rows: frame.rows.map((row) => places.map((place) => row[place])),
  };
}
