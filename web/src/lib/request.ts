/**
 * The request that an event belongs to: of a server's event the one that its payload names (`request.id`), of a browser's
 * the one that brought it. Events of many people that a server sent together are no request.
 */
import type { Frame } from './data/frame';
import { rowKeys } from './events/identity';
import type { AskOptions } from './panels/contract';

export interface RequestPlace {
  id: string;
  /** When the event happened that led here, ms. */
  atMs: number;
  /** The word of that event (`lib/events/identity.ts`); `null` in links that do not say. */
  event: string | null;
}

/** An event with what its row need not show. */
export interface WholeEvent {
  key: string;
  atMs: number;
  scope: string;
  source: string;
  userId: number | null;
  userName: string | null;
  requestId: string;
  payload: Record<string, unknown> | null;
}

/** Events of a request lie this close to each other, ms: what was done offline is sent within hours. */
const AROUND_MS = 86_400_000;

/** Events shown of a request; a batch of the editor has at most some hundreds. */
export const MOST_EVENTS = 1_000;

/** Rows of working time are the server's, made of the request that brought what they count. */
const IS_BROUGHT = "(source = 'client' OR scope = 'send:working_time')";
const NAMED = "JSONExtractString(payload, 'request', 'id')";
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Adds what identifies each event. */
const EVENTS = `SELECT *, request_id, position
FROM events
WHERE $__timeFilter_ms(timestamp)`;

/** How all events of a request are asked for, in the order in which they happened. */
export function eventsQuery({ id, atMs }: RequestPlace): { sql: string; options: AskOptions } {
  // The store has ids of requests as UUIDs; another text is looked for in the payloads alone.
  const request = UUID.test(id.toLowerCase())
    ? `request_id = {uuid:String} AND (${IS_BROUGHT} OR ${NAMED} = {request:String})`
    : `NOT ${IS_BROUGHT} AND ${NAMED} = {request:String}`;
  return {
    sql: `${EVENTS} AND ${request}\nORDER BY timestamp, scope, position`,
    options: {
      range: around(atMs),
      params: { request: id, ...(UUID.test(id.toLowerCase()) ? { uuid: id.toLowerCase() } : {}) },
      // One more than is shown says that there are more.
      limit: MOST_EVENTS + 1,
    },
  };
}

/** Columns that tell one event from others of the same millisecond, with their types. */
const TELLING = {
  request_id: 'String',
  position: 'UInt64',
  scope: 'String',
  source: 'String',
  user_id: 'UInt64',
  job_id: 'UInt64',
  obj_id: 'UInt64',
  obj_name: 'String',
  payload: 'String',
} as const;

/** How the event of a row is asked for, by what the row says of it; `null` if it is no event. */
export function eventQuery(
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
  const sql = `${EVENTS} AND ${conditions.join(' AND ')}`;
  return { sql, options: { range: { from: atMs, to: atMs }, params, limit: MOST_EVENTS } };
}

/** The event, if the answer to `eventQuery` leaves no doubt: one, or some of one request that say the same. */
export function eventIn(frame: Frame): WholeEvent | null {
  const [row] = frame.rows;
  const placeOf = (name: string) => frame.columns.findIndex((column) => column.name === name);
  const requests = new Set(frame.rows.map((row) => row[placeOf('request_id')]));
  if (row === undefined || requests.size > 1) return null;
  const text = (name: string) => (row[placeOf(name)] as string | null | undefined) ?? '';
  const user = row[placeOf('user_id')];
  return {
    key: rowKeys(frame)[0]!,
    atMs: Number(row[placeOf('timestamp')]),
    scope: text('scope'),
    source: text('source'),
    userId: typeof user === 'number' ? user : null,
    userName: text('user_name') || null,
    requestId: text('request_id'),
    payload: objectIn(text('payload')),
  };
}

/**
 * The request of an event, and whether other people's events in it would say that it is none; `null` if it belongs to
 * none.
 */
export function requestOf(event: WholeEvent): { place: RequestPlace; isBrought: boolean } | null {
  const { requestId, source, scope, payload, atMs, key } = event;
  const isBrought = source === 'client' || scope === 'send:working_time';
  const named = objectOf(payload?.request)?.id;
  const id = isBrought ? requestId : typeof named === 'string' ? named : '';
  return id === '' ? null : { place: { id, atMs, event: key }, isBrought };
}

/** How many people's events one request brought: more than one make it a server's batch. */
export function peopleQuery({ id, atMs }: RequestPlace): { sql: string; options: AskOptions } {
  const sql = `SELECT uniqExact(user_id) AS people
FROM events
WHERE $__timeFilter_ms(timestamp) AND request_id = {request:String}`;
  return { sql, options: { range: around(atMs), params: { request: id } } };
}

function around(atMs: number) {
  return { from: atMs - AROUND_MS, to: atMs + AROUND_MS };
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return null;
  }
}

function objectOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
