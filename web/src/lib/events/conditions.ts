/** Column filters and a search as conditions of SQL, their values as parameters. */
import { numberOf, type Kind } from '../data/frame';
import { isSet, type ColumnFilter } from '../table/view';
import { hasColumn, namedThings, namesOf, quoted, type EventList } from './list';

/** Reads a typed time as the first and the last instant that it means; `null` if it is none. */
export type ReadTime = (text: string) => { from: number; to: number } | null;

/** Values for `{name:Type}`, numbered as they come. */
export class Params {
  readonly values: Record<string, unknown> = {};

  add(type: string, value: unknown): string {
    const name = `p${Object.keys(this.values).length}`;
    this.values[name] = value;
    return `{${name}:${type}}`;
  }
}

/** Columns of the events that hold short texts; the payload is looked at last. */
const TEXTS = ['scope', 'source', 'user_name', 'user_email', 'org_slug', 'obj_name', 'obj_val'];
const NUMBERS = ['obj_id', 'project_id', 'task_id', 'job_id', 'user_id', 'org_id', 'count', 'duration'];
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** One condition for the text in any column, the payload too; `null` for no text. */
export function searchCondition(list: EventList, search: string, params: Params): string | null {
  const text = search.trim();
  if (text === '') return null;
  const pattern = params.add('String', containing(text));
  const found = TEXTS.map((column) => `${column} ILIKE ${pattern}`);
  found.push(longTextCondition('payload', text, params));
  for (const { id, table } of namedThings(list))
    found.push(`${id} IN (SELECT ${id} FROM ${table} WHERE ${table}.name ILIKE ${pattern})`);
  if (/^\d{1,15}$/.test(text)) {
    const number = params.add('UInt64', Number(text));
    found.push(...NUMBERS.map((column) => `${column} = ${number}`));
  }
  if (UUID.test(text)) found.push(`request_id = ${params.add('String', text.toLowerCase())}`);
  return found.join(' OR ');
}

/** Of long texts ILIKE takes four times as long (DuckDB 1.5.6: 4.2 against 1.0 s for 10 million payloads). */
function longTextCondition(column: string, text: string, params: Params): string {
  return `match(${column}, ${params.add('String', `(?i)${literally(text)}`)})`;
}

/** Conditions of all filters that may leave out rows; those of other columns than the events' are not asked. */
export function filterConditions(
  list: EventList,
  filters: Record<string, ColumnFilter>,
  params: Params,
  readTime: ReadTime,
): string[] {
  return Object.entries(filters).flatMap(([name, filter]) => {
    if (!isSet(filter) || !hasColumn(list, name)) return [];
    const names = namesOf(list, name);
    const subject = names === null ? quoted(name) : `${names.table}.name`;
    const kind = names === null ? kindOf(name) : 'text';
    const tests = [
      ...valuesTest(filter.values, subject, kind, params),
      ...operatorTest(filter, subject, kind, params, readTime),
    ];
    return tests.map(({ sql, isNegated }) => {
      if (names === null) return isNegated ? `${subject} IS NULL OR NOT (${sql})` : sql;
      const known = `SELECT ${names.id} FROM ${names.table} WHERE ${sql}`;
      return isNegated ? `${names.id} IS NULL OR ${names.id} NOT IN (${known})` : `${names.id} IN (${known})`;
    });
  });
}

/** By the name, so that a filter of the address can be asked before there is an answer. */
function kindOf(column: string): Kind {
  if (column === 'timestamp') return 'time';
  if (NUMBERS.includes(column) || column === 'position') return 'number';
  return TEXTS.includes(column) || column === 'payload' || column === 'request_id' ? 'text' : 'other';
}

interface Test {
  sql: string;
  isNegated: boolean;
}

const is = (sql: string): Test => ({ sql, isNegated: false });
const isNot = (sql: string): Test => ({ sql, isNegated: true });

function operatorTest(
  { operator, operand }: ColumnFilter,
  subject: string,
  kind: Kind,
  params: Params,
  readTime: ReadTime,
): Test[] {
  const text = operand.trim();
  if (operator === 'empty') return [isNot(present(subject, kind))];
  if (operator === 'not empty') return [is(present(subject, kind))];
  if (text === '') return [];
  if (kind === 'time') return timeTest(operator, subject, readTime(text), params);
  if (operator === 'contains') {
    if (subject === 'payload') return [is(longTextCondition(subject, text, params))];
    return [is(`${asText(subject, kind)} ILIKE ${params.add('String', containing(text))}`)];
  }
  if (kind === 'number') {
    // Half a number leaves out nothing.
    if (numberOf(text) === null) return [];
    const value = params.add(/^-?\d+$/.test(text) ? 'Int64' : 'Float64', Number(text));
    if (operator === '=') return [is(`${subject} = ${value}`)];
    return operator === '≠' ? [isNot(`${subject} = ${value}`)] : [is(`${subject} ${operator} ${value}`)];
  }
  const value = params.add('String', text);
  if (operator === '≠') return [isNot(`${asText(subject, kind)} = ${value}`)];
  return [is(`${asText(subject, kind)} ${operator} ${value}`)];
}

function timeTest(
  operator: ColumnFilter['operator'],
  subject: string,
  time: ReturnType<ReadTime>,
  params: Params,
): Test[] {
  if (time === null) return [];
  const at = (ms: number) => `fromUnixTimestamp64Milli(${params.add('Int64', ms)})`;
  if (operator === '>') return [is(`${subject} > ${at(time.to)}`)];
  if (operator === '<') return [is(`${subject} < ${at(time.from)}`)];
  const within = `${subject} >= ${at(time.from)} AND ${subject} <= ${at(time.to)}`;
  return [operator === '≠' ? isNot(within) : is(within)];
}

/** The chosen values; `''` is no value at all. */
function valuesTest(values: string[] | null, subject: string, kind: Kind, params: Params): Test[] {
  if (values === null) return [];
  const chosen = values.filter((value) => value !== '');
  const isNumber = kind === 'number';
  const listed = (isNumber ? chosen.filter((value) => numberOf(value) !== null) : chosen).map((value) =>
    isNumber ? params.add('Int64', Number(value)) : params.add('String', value),
  );
  const among = listed.length === 0 ? null : `${isNumber ? subject : asText(subject, kind)} IN (${listed.join(', ')})`; // prettier-ignore
  if (!values.includes('')) return [is(among ?? '1 = 0')];
  // Not one of the others.
  const others = present(subject, kind);
  return [isNot(among === null ? others : `${others} AND NOT (${among})`)];
}

function present(subject: string, kind: Kind): string {
  return kind === 'text' || kind === 'other' ? `${asText(subject, kind)} != ''` : `${subject} IS NOT NULL`;
}

function asText(subject: string, kind: Kind): string {
  return kind === 'text' ? subject : `toString(${subject})`;
}

/** A text within another as a pattern of LIKE. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

/** A text as a regular expression that it alone matches. */
export function literally(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
