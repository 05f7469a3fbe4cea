/** Grafana's transformations that the page applies, each a function from frame to frame. */
import type { Transformation } from '../model/grafana';
import { numberOf, type Frame } from './frame';
import { REDUCERS, reduce } from './reduce';

type Options = Record<string, unknown>;

const KNOWN: Record<string, (frame: Frame, options: Options) => Frame> = {
  organize,
  sortBy,
  filterByValue,
  reduce: reduceFields,
};

export function transform(frame: Frame, transformations: Transformation[]): Frame {
  return transformations.reduce((result, { id, disabled, options }) => {
    const known = disabled ? undefined : KNOWN[id ?? ''];
    return known ? known(result, options ?? {}) : result;
  }, frame);
}

/** Hides, orders and renames columns. */
function organize(frame: Frame, options: Options): Frame {
  const hidden = (options.excludeByName ?? {}) as Record<string, boolean>;
  const places = (options.indexByName ?? {}) as Record<string, number>;
  const names = (options.renameByName ?? {}) as Record<string, string>;
  const order = frame.columns
    .map(({ name }, index) => ({ name, index }))
    .filter(({ name }) => !hidden[name])
    .sort((a, b) => (places[a.name] ?? a.index) - (places[b.name] ?? b.index) || a.index - b.index)
    .map(({ index }) => index);
  return {
    ...frame,
    columns: order.map((index) => {
      const column = frame.columns[index]!;
      return { ...column, name: names[column.name] || column.name };
    }),
    rows: frame.rows.map((row) => order.map((index) => row[index])),
  };
}

function sortBy(frame: Frame, options: Options): Frame {
  const sorts = (options.sort ?? []) as { field?: string; desc?: boolean }[];
  // The last one first: sorting is stable.
  return [...sorts].reverse().reduce((result, { field, desc }) => {
    const at = result.columns.findIndex(({ name }) => name === field);
    return at < 0 ? result : { ...result, rows: sortRows(result.rows, at, desc === true) };
  }, frame);
}

/** Nothing comes last, whichever way one sorts. */
export function sortRows(rows: unknown[][], at: number, isDescending: boolean): unknown[][] {
  const collator = new Intl.Collator('en', { numeric: true });
  const direction = isDescending ? -1 : 1;
  return [...rows].sort((left, right) => {
    const [a, b] = [left[at], right[at]];
    if (a == null || b == null) return Number(a == null) - Number(b == null);
    if (typeof a === 'number' && typeof b === 'number') return direction * (a - b);
    return direction * collator.compare(String(a), String(b));
  });
}

interface Filter {
  fieldName?: string;
  config?: { id?: string; options?: { value?: unknown; from?: unknown; to?: unknown } };
}

function filterByValue(frame: Frame, options: Options): Frame {
  const filters = ((options.filters ?? []) as Filter[]).flatMap(({ fieldName, config }) => {
    const at = frame.columns.findIndex(({ name }) => name === fieldName);
    return at < 0 ? [] : [(row: unknown[]) => matches(row[at], config ?? {})];
  });
  if (filters.length === 0) return frame;
  const keeps = options.type !== 'exclude';
  const holds = (row: unknown[]) =>
    options.match === 'all' ? filters.every((filter) => filter(row)) : filters.some((filter) => filter(row));
  return { ...frame, rows: frame.rows.filter((row) => holds(row) === keeps) };
}

function matches(value: unknown, { id, options }: NonNullable<Filter['config']>): boolean {
  const expected = options?.value;
  const [a, b] = [numberOf(value), numberOf(expected)];
  const ordered = (holds: (a: number, b: number) => boolean) => a !== null && b !== null && holds(a, b);
  switch (id) {
    case 'isNull':
      return value == null;
    case 'isNotNull':
      return value != null;
    case 'equal':
      return String(value) === String(expected);
    case 'notEqual':
      return String(value) !== String(expected);
    case 'greater':
      return ordered((a, b) => a > b);
    case 'greaterOrEqual':
      return ordered((a, b) => a >= b);
    case 'lower':
      return ordered((a, b) => a < b);
    case 'lowerOrEqual':
      return ordered((a, b) => a <= b);
    case 'range':
    case 'between': {
      const [from, to] = [numberOf(options?.from), numberOf(options?.to)];
      return a !== null && a >= (from ?? -Infinity) && a <= (to ?? Infinity);
    }
    case 'regex':
      try {
        return new RegExp(String(expected)).test(String(value ?? ''));
      } catch {
        return false;
      }
    case 'substring':
      return String(value ?? '').toLowerCase().includes(String(expected).toLowerCase()); // prettier-ignore
    default:
      // A condition that is not known holds back no rows.
      return true;
  }
}

/** Each field becomes a row of its reductions, or the rows become one. */
function reduceFields(frame: Frame, options: Options): Frame {
  const reducers = ((options.reducers ?? []) as string[]).filter((reducer) => reducer in REDUCERS);
  const values = (at: number) => frame.rows.map((row) => row[at]);
  const fields = frame.columns
    .map((column, at) => ({ column, at }))
    .filter(({ column }) => column.kind === 'number');
  if (options.mode === 'reduceFields') {
    const columns = fields.flatMap(({ column }) =>
      reducers.map((id) => ({
        ...column,
        name: reducers.length === 1 ? column.name : `${column.name} ${REDUCERS[id]}`,
      })),
    );
    return {
      ...frame,
      columns,
      rows: [fields.flatMap(({ at }) => reducers.map((id) => reduce(id, values(at))))],
    };
  }
  return {
    ...frame,
    columns: [
      { name: 'Field', type: 'String', kind: 'text' },
      ...reducers.map((id) => ({ name: REDUCERS[id]!, type: 'Float64', kind: 'number' as const })),
    ],
    rows: fields.map(({ column, at }) => [column.name, ...reducers.map((id) => reduce(id, values(at)))]),
  };
}
