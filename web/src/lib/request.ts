/** The request that brought an event: how it is found from a row of a table, and what else came with it. */
import type { Frame } from './data/frame';
import type { AskOptions } from './panels/contract';

export interface RequestPlace {
  id: string;
  /** When the event happened that led here, ms. */
  atMs: number;
}

/** Events of a request lie this close to each other, ms: what was done offline is sent within hours. */
const AROUND_MS = 86_400_000;

/** Events shown of a request; a batch of the editor has at most some hundreds. */
export const MOST_EVENTS = 1_000;

/** All events of the request `{request:String}`, in the order in which they happened. */
export const EVENTS_SQL = `SELECT *
FROM events
WHERE $__timeFilter_ms(timestamp) AND request_id = {request:String}
ORDER BY timestamp, scope`;

export function eventsOptions({ id, atMs }: RequestPlace): AskOptions {
  // One more than is shown says that there are more.
  return {
    range: { from: atMs - AROUND_MS, to: atMs + AROUND_MS },
    params: { request: id },
    limit: MOST_EVENTS + 1,
  };
}

/** Columns that tell one event from others of the same millisecond, with their types. */
const TELLING = {
  scope: 'String',
  source: 'String',
  user_id: 'UInt64',
  job_id: 'UInt64',
  obj_id: 'UInt64',
  obj_name: 'String',
  payload: 'String',
} as const;

/** How the request of a row is asked for, by what the row says of its event; `null` if it is no event. */
export function requestQuery(
  { columns, rows }: Frame,
  row: number,
): { sql: string; options: AskOptions } | null {
  const valueOf = (name: string) => rows[row]?.[columns.findIndex((column) => column.name === name)];
  const atMs = valueOf('timestamp');
  if (typeof atMs !== 'number') return null;
  const params: Record<string, unknown> = {};
  const conditions = Object.entries(TELLING).flatMap(([name, type]) => {
    const value = valueOf(name);
    if (value === undefined) return [];
    if (value === null) return [`${name} IS NULL`];
    params[name] = value;
    return [`${name} = {${name}:${type}}`];
  });
  // A time alone tells no event from the others.
  if (conditions.length === 0) return null;
  const sql = `SELECT DISTINCT request_id
FROM events
WHERE $__timeFilter_ms(timestamp) AND ${conditions.join(' AND ')}`;
  return { sql, options: { range: { from: atMs, to: atMs }, params, limit: 2 } };
}

/** The request, if the answer to `requestQuery` names exactly one. */
export function requestIn({ rows }: Frame): string | null {
  const id = rows.length === 1 ? rows[0]![0] : null;
  return typeof id === 'string' && id !== '' ? id : null;
}
