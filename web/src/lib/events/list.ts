/**
 * Queries that list events, the newest first: what the page adds to one so that filters, search, order and
 * counts are those of all events and not of the loaded ones. The panel's own SQL stays as its file has it.
 *
 * Such a query ends its SELECT of events with `ORDER BY timestamp DESC LIMIT n`; around it another SELECT may
 * give the rows names of projects and tasks.
 */

export interface EventList {
  /** `WITH …`, or nothing. */
  withs: string;
  /** The SELECT around the events, up to its FROM, and what follows the events there; `null` without one. */
  around: { select: string; alias: string; after: string } | null;
  /** What the SELECT of events selects. */
  items: string;
  /** From `FROM events` on, up to its conditions. */
  from: string;
  where: string;
  /** Rows of a page. */
  limit: number;
}

/** What a query for some of the events says beside the panel's own conditions. */
export interface Asked {
  conditions: string[];
  /** Columns, the most important first; by default the newest first. */
  order?: string;
  limit: number;
}

/** The columns that tell one event from all others; what the panel selects of them stays. */
export const IDENTITY = ['request_id', 'position'] as const;

/** What `*` is. */
export const EVENT_COLUMNS: readonly string[] = [
  'scope', 'obj_name', 'obj_id', 'obj_val', 'source', 'timestamp', 'count', 'duration', 'project_id', 'task_id',
  'job_id', 'user_id', 'user_name', 'user_email', 'org_id', 'org_slug', 'payload',
]; // prettier-ignore

const NEWEST = 'timestamp DESC';
const TAIL = /\bORDER\s+BY\s+(?:\w+\.)?timestamp\s+DESC\s+LIMIT\s+(\d+)/i;
const FROM = /\bFROM\s+(?:(?:cvat|default)\.)?events\s+WHERE\b/gi;

/** `null` if the query lists no events, or cannot be taken apart. */
export function eventList(sql: string): EventList | null {
  const tail = TAIL.exec(sql);
  const from = tail && [...sql.slice(0, tail.index).matchAll(FROM)].at(-1);
  const select = from && [...sql.slice(0, from.index).matchAll(/\bSELECT\b/gi)].at(-1);
  if (!tail || !from || !select) return null;
  const where = sql.slice(from.index + from[0].length, tail.index);
  const items = sql.slice(select.index + select[0].length, from.index);
  // Groups are no events, and what hangs over belongs to something else.
  const isOther = /\b(GROUP BY|DISTINCT|LIMIT|UNION)\b/i.test(items + where);
  if (isOther || !isWhole(where) || !isWhole(items) || !hasTime(items)) return null;
  const list = { items: items.trim(), from: from[0], where: where.trim(), limit: Number(tail[1]) };
  const before = sql.slice(0, select.index);
  const after = sql.slice(tail.index + tail[0].length);
  const opening = /\bFROM\s*\(\s*$/i.exec(before);
  if (opening === null) {
    const isPlain = isWhole(before) && /^\s*(WITH\b.*)?$/is.test(before) && after.trim() === '';
    return isPlain ? { ...list, withs: before, around: null } : null;
  }
  const closing = /^\s*\)\s*(?:AS\s+)?(\w+)\b/i.exec(after);
  const outer = outermost(before);
  if (closing === null || outer === null || !hasTime(before.slice(outer, opening.index))) return null;
  const around = {
    select: before.slice(outer, opening.index).trim(),
    alias: closing[1]!,
    after: after.slice(closing[0].length),
  };
  return { ...list, withs: before.slice(0, outer), around };
}

/** The query for some events, each with what identifies it. */
export function listSql(list: EventList, { conditions, order = NEWEST, limit }: Asked): string {
  const missing = addedColumns(list);
  // What the store adds last tells apart what happened at the same time.
  const orders = `${order}, position DESC`;
  const inner = `SELECT ${[list.items, ...missing].join(', ')}
${filtered(list, conditions)}
ORDER BY ${orders}
LIMIT ${limit}`;
  if (list.around === null) return `${list.withs}${inner}`;
  const { select, alias, after } = list.around;
  const added = missing.map((name) => `,\n  ${alias}.${name} AS ${name}`).join('');
  const again = after.replace(/\bORDER\s+BY\s+timestamp\s+DESC\s*$/i, `ORDER BY ${orders}`);
  return `${list.withs}${select}${added}\nFROM (\n${inner}\n) AS ${alias}${again}`;
}

/** What `listSql` adds to the columns that the panel selects. */
export function addedColumns({ items }: EventList): readonly string[] {
  return IDENTITY.filter((name) => !new RegExp(`\\b${name}\\b`).test(items));
}

/** How many events there are of the filters: one row, one column. */
export function countSql(list: EventList, conditions: string[]): string {
  return `${list.withs}SELECT count() AS n FROM (\nSELECT ${list.items}\n${filtered(list, conditions)}\n)`;
}

/**
 * Values of a column by how many events have them, the most frequent first. `pattern` is a parameter that they are like.
 */
export function valuesSql(
  list: EventList,
  column: string,
  { conditions, limit, pattern = null }: { conditions: string[]; limit: number; pattern?: string | null },
): string {
  const names = namesOf(list, column);
  const events = `(\nSELECT ${list.items}\n${filtered(list, conditions)}\n)`;
  // Names are counted by id first: there are fewer ids than events.
  const counted =
    names === null
      ? `SELECT ${quoted(column)} AS value, count() AS n FROM ${events} GROUP BY value`
      : `SELECT names.name AS value, sum(counted.n) AS n
FROM (SELECT ${names.id} AS id, count() AS n FROM ${events} GROUP BY id) AS counted
LEFT JOIN ${names.table} AS names ON names.${names.id} = counted.id
GROUP BY value`;
  const found =
    pattern === null ? counted : `SELECT value, n FROM (${counted}) WHERE toString(value) ILIKE ${pattern}`;
  return `${list.withs}${found}\nORDER BY n DESC, value\nLIMIT ${limit}`;
}

/** Columns of a panel may have any name. */
export function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * `project_name` is no column of the events, but what a table beside them knows of their `project_id`: the relation
 * `projects`, or a `WITH project_names`.
 */
export function namesOf(list: EventList, column: string): { id: string; table: string } | null {
  const thing = /^(\w+)_name$/.exec(column)?.[1];
  return namedThings(list).find(({ id }) => id === `${thing}_id`) ?? null;
}

/** Whether the SELECT of events has a column, so that the server can filter by it. */
export function hasColumn(list: EventList, column: string): boolean {
  if (namesOf(list, column) !== null || IDENTITY.some((name) => name === column)) return true;
  const isNamed = new RegExp(`(^|[\\s,."])${column.replace(/\W/g, '\\$&')}($|[\\s,"])`).test(list.items);
  return isNamed || (list.items.includes('*') && EVENT_COLUMNS.includes(column));
}

/** The tables with names that stand beside the events, and the ids that they name. */
export function namedThings({ withs, around }: EventList): { id: string; table: string }[] {
  const relations = (around?.after ?? '').matchAll(/\bJOIN\s+(\w+)s\s+ON\s+\1s\.\1_id\s*=/gi);
  const tables = withs.matchAll(/\b(\w+)_names\s+AS\s*\(/gi);
  return [
    ...Array.from(relations, ([, thing]) => ({ id: `${thing}_id`, table: `${thing}s` })),
    ...Array.from(tables, ([, thing]) => ({ id: `${thing}_id`, table: `${thing}_names` })),
  ];
}

function filtered({ from, where }: EventList, conditions: string[]): string {
  return [`${from} ${where}`, ...conditions.map((condition) => `(${condition})`)].join('\n  AND ');
}

/** Whether rows say when they happened, by that name: pages follow one another by it. */
function hasTime(select: string): boolean {
  return /\*|\btimestamp\s*(,|$)/.test(select);
}

/** Texts and comments, in which nothing counts, and what does. */
const TOKENS = /'(?:[^'\\]|\\.|'')*'|--[^\n]*|\/\*[^]*?\*\/|[()]|\bSELECT\b/gi;

/** Where the SELECT begins that is in no brackets. */
function outermost(sql: string): number | null {
  let depth = 0;
  for (const { 0: token, index } of sql.matchAll(TOKENS)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    else if (depth === 0 && /^SELECT$/i.test(token)) return index;
  }
  return null;
}

/** Whether each bracket has its other half. */
function isWhole(sql: string): boolean {
  let depth = 0;
  for (const [token] of sql.matchAll(TOKENS)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}
