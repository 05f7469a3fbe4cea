/** Which rows of a table are shown: its column filters, its order, and what the column popover counts. */
import { numberOf, plainText, type Column } from '../data/frame';
import { sortRows } from '../data/transform';
import type { GrafanaPanel } from '../model/grafana';

export const OPERATORS = ['contains', '=', '≠', '>', '<', 'empty', 'not empty'] as const;
export type Operator = (typeof OPERATORS)[number];

export interface ColumnFilter {
  /** Chosen values as text; `null` if any will do. */
  values: string[] | null;
  operator: Operator;
  operand: string;
}

export const NO_FILTER: ColumnFilter = { values: null, operator: 'contains', operand: '' };

/** Whether it is anything but a column without a filter: an operator may be chosen before its operand. */
export function isBegun(filter: ColumnFilter): boolean {
  return isSet(filter) || filter.operator !== NO_FILTER.operator;
}

/** Whether it may leave out rows. */
export function isSet({ values, operator, operand }: ColumnFilter): boolean {
  return values !== null || operand !== '' || operator === 'empty' || operator === 'not empty';
}

/** A filter in words, for the line above a table. */
export function filterText(header: string, { values, operator, operand }: ColumnFilter): string {
  const words: string[] = [];
  if (values !== null) {
    const [first, ...others] = values.map((value) => value || '(empty)');
    words.push(others.length === 0 ? `is ${first}` : `is ${first} or ${others.length} more`);
  }
  if (operator.endsWith('empty')) words.push(`is ${operator}`);
  else if (operand !== '') words.push(`${operator} ${operand}`);
  return `${header} ${words.join(' and ')}`.trim();
}

/** A column with `-` in front for descending, as in the URL. */
export function parseSort(text: string | undefined): { column: string; isDescending: boolean } | null {
  if (!text) return null;
  return text.startsWith('-')
    ? { column: text.slice(1), isDescending: true }
    : { column: text, isDescending: false };
}

/** What the panel's file sorts by, as the address would say it. */
export function sortOfFile(
  options: GrafanaPanel['options'],
  columns: { header: string; column: Column }[],
): string | undefined {
  const [by] = (options?.sortBy ?? []) as { displayName?: string; desc?: boolean }[];
  const named = columns.find(
    ({ header, column }) => header === by?.displayName || column.name === by?.displayName,
  );
  return named ? `${by!.desc ? '-' : ''}${named.column.name}` : undefined;
}

/** Ascending, descending, as the query had it. */
export function nextSort(current: string | undefined, column: string): string | null {
  return current === column ? `-${column}` : current === `-${column}` ? null : column;
}

export function visibleRows(
  columns: Column[],
  rows: unknown[][],
  filters: Record<string, ColumnFilter>,
  sort: string | undefined,
): unknown[][] {
  const tests = Object.entries(filters).flatMap(([name, filter]) => {
    const at = columns.findIndex((column) => column.name === name);
    return at < 0 || !isSet(filter) ? [] : [{ at, holds: predicate(filter) }];
  });
  const kept =
    tests.length === 0 ? rows : rows.filter((row) => tests.every(({ at, holds }) => holds(row[at])));
  const order = parseSort(sort);
  const at = columns.findIndex(({ name }) => name === order?.column);
  return order === null || at < 0 ? kept : sortRows(kept, at, order.isDescending);
}

function predicate({ values, operator, operand }: ColumnFilter): (value: unknown) => boolean {
  const wanted = values === null ? null : new Set(values);
  const holds = condition(operator, operand.trim());
  return (value) => (wanted === null || wanted.has(plainText(value))) && holds(value);
}

function condition(operator: Operator, operand: string): (value: unknown) => boolean {
  if (operator === 'empty') return (value) => plainText(value) === '';
  if (operator === 'not empty') return (value) => plainText(value) !== '';
  if (operand === '') return () => true;
  const lower = operand.toLowerCase();
  if (operator === 'contains') return (value) => plainText(value).toLowerCase().includes(lower);
  // As SQL compares texts.
  if (operator === '=') return (value) => plainText(value) === operand;
  if (operator === '≠') return (value) => plainText(value) !== operand;
  const limit = numberOf(operand);
  return (value) => {
    if (value == null) return false;
    const number = numberOf(value);
    const order =
      limit !== null && number !== null ? number - limit : plainText(value).localeCompare(operand);
    return operator === '>' ? order > 0 : order < 0;
  };
}

export interface ValueCount {
  text: string;
  count: number;
}

/** Values by how many rows have them, then by name. */
export function valueCounts(rows: unknown[][], at: number): ValueCount[] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const text = plainText(row[at]);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const found = Array.from(counts, ([text, count]) => ({ text, count }));
  return found.sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1));
}
