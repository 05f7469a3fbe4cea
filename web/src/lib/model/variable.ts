/** Template variables: what they are, what they refer to, and what a query gets for them. */
import { parseSpan } from '../time/interval';
import type { GrafanaVariable } from './grafana';

/** What stands in the URL for "all of them". */
export const ALL = '$__all';

/** What stands in the URL for an interval that follows the range. */
export const AUTO = '$__auto';

export type VariableKind = 'query' | 'custom' | 'textbox' | 'interval' | 'constant';

export interface Variable {
  name: string;
  label: string;
  description: string;
  kind: VariableKind;
  isHidden: boolean;
  isMulti: boolean;
  hasAll: boolean;
  /** What stands for all values in a query; without it they are listed. */
  allValue: string | null;
  /** SQL of a query variable, the written values of the others. */
  query: string;
  /** Which part of a row is taken, a regular expression. */
  regex: string;
  sort: number;
  /** Of an interval: into how many the range is divided, and the least, ms; `null` if the file offers none. */
  auto: { count: number; leastMs: number } | null;
  defaults: string[];
  /** Names of the variables that the query refers to. */
  references: string[];
  /** Whether the query depends on the time range. */
  followsRange: boolean;
}

export interface Option {
  value: string;
  text: string;
  /** How many rows have it, where the query says so. */
  count?: number;
}

/** As `POST /api/query` takes it. */
export type QueryValue = string | string[] | { all: string };

export const KINDS: readonly string[] = ['query', 'custom', 'textbox', 'interval', 'constant'];

/** `null` if the page does not know its type. */
export function parseVariable(source: GrafanaVariable): Variable | null {
  const { name, type } = source;
  if (name === undefined || !KINDS.includes(type ?? '')) return null;
  const query = textOf(source.query) || source.definition || '';
  const current = source.current?.value;
  const defaults = (Array.isArray(current) ? current : [current]).filter(
    (value): value is string | number => typeof value === 'string' || typeof value === 'number',
  );
  const hasAll = source.includeAll === true;
  return {
    name,
    label: source.label || name,
    description: source.description ?? '',
    kind: type as VariableKind,
    isHidden: source.hide === 2 || source.hide === 'hideVariable' || type === 'constant',
    isMulti: source.multi === true,
    hasAll,
    // An empty one is none, as in Grafana.
    allValue: source.allValue || null,
    query,
    regex: source.regex ?? '',
    sort: source.sort ?? 0,
    auto: type === 'interval' && source.auto === true ? autoOf(source) : null,
    defaults: defaults.map(String),
    references: type === 'query' ? referencesIn(query) : [],
    followsRange: /\$__(time|from|to|date|interval)/i.test(query),
  };
}

/** Grafana's defaults: 30 parts, none below 10 s. */
function autoOf({ auto_count, auto_min }: GrafanaVariable) {
  return { count: auto_count || 30, leastMs: parseSpan(auto_min ?? '') ?? 10_000 };
}

const REFERENCE = /\$(\w+)|\$\{(\w+)(?:[.:][^}]*)?\}|\[\[(\w+)(?::\w+)?\]\]/g;

/** Names that a text refers to, each once; Grafana's own (`$__from`) are none. */
export function referencesIn(text: string): string[] {
  const names = Array.from(text.matchAll(REFERENCE), ([, plain, braced, old]) => (plain ?? braced ?? old)!);
  return [...new Set(names)].filter((name) => !name.startsWith('__'));
}

/** Everything that a query changes with: what it names, and what these are made from. */
export function closure(names: string[], variables: Variable[]): string[] {
  const found = new Set<string>();
  const visit = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    variables.find((variable) => variable.name === name)?.references.forEach(visit);
  };
  names.forEach(visit);
  return [...found];
}

/** Variables that refer to themselves in a circle: their options cannot be asked for. */
export function circular(variables: Variable[]): string[] {
  return variables
    .filter(({ references }) => references.length > 0)
    .filter(({ name, references }) => closure(references, variables).includes(name))
    .map(({ name }) => name);
}

/** What is chosen: the URL's word, else the file's, else what makes most sense. */
export function chosen(variable: Variable, inUrl: string[] | undefined, options: Option[]): string[] {
  const given = (inUrl ?? (variable.defaults.length > 0 ? variable.defaults : undefined))?.map((value) =>
    // Old links say "All", and Grafana writes the name of the interval behind it.
    variable.hasAll && value === 'All' ? ALL : value.startsWith('$__auto_interval') ? AUTO : value,
  );
  if (variable.kind === 'constant') return [variable.query];
  // An emptied one is an empty text; only what was never typed is the file's.
  if (variable.kind === 'textbox')
    return [inUrl === undefined ? (given?.[0] ?? variable.query) : (inUrl[0] ?? '')];
  if (given !== undefined) {
    if (given.includes(ALL)) return [ALL];
    if (given.some((value) => value !== '') || (inUrl !== undefined && variable.isMulti)) {
      return variable.isMulti ? given : given.slice(0, 1);
    }
  }
  if (variable.hasAll) return [ALL];
  return options.slice(0, 1).map(({ value }) => value);
}

/** `null` while it takes options that are not there yet. */
export function queryValue(
  variable: Variable,
  values: string[],
  options: Option[] | null,
): QueryValue | null {
  if (values[0] === ALL) {
    if (variable.allValue !== null) return { all: variable.allValue };
    return options === null ? null : options.map(({ value }) => value);
  }
  if (variable.isMulti) return values;
  return values[0] ?? (options === null ? null : '');
}

function textOf(query: string | Record<string, unknown> | undefined): string {
  if (typeof query === 'string') return query;
  const text = query?.rawSql ?? query?.query;
  return typeof text === 'string' ? text : '';
}
