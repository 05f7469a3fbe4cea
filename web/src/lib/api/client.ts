/** The server's API: requests with the session's cookie, answers checked, failures with what to say. */
import type { Membership, Privilege } from '../admin/model';
import type { QueryValue } from '../model/variable';
import type { GrafanaDashboard } from '../model/grafana';
import { kindOf, type Frame } from '../data/frame';
import { serverClock } from '../time/clock';
import type { Range } from '../time/range';
import type { Described, With } from './described';

/** A request that was answered with an error, or not at all. */
export class ApiFailure extends Error {
  /** 0 if the server could not be reached. */
  readonly status: number;
  readonly body: Record<string, unknown>;
  /** Nobody answered, or a proxy did in the server's place. */
  readonly isUnreachable: boolean;

  constructor(status: number, message: string, body: Record<string, unknown> = {}, isUnreachable = false) {
    super(message);
    this.status = status;
    this.body = body;
    this.isUnreachable = isUnreachable;
  }

  /** Where in the SQL it is wrong, from 1. */
  get place(): { line: number; column: number } | null {
    const { line, column } = (this.body.error ?? {}) as { line?: number | null; column?: number | null };
    return typeof line === 'number' && typeof column === 'number' ? { line, column } : null;
  }

  get hint(): string | null {
    const { hint } = (this.body.error ?? {}) as { hint?: string | null };
    return hint ?? null;
  }
}

/** What is told when nobody answers. */
export const UNREACHABLE = 'The server does not answer. It may be restarting.';

/** The organization that requests are made in; `null` is outside of organizations. */
let organization: string | null = null;

/** From here on requests are made in this organization. */
export function speakFor(slug: string | null) {
  organization = slug;
}

export async function request(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  // Those that the document asks for ahead have to be asked for without headers (`ahead` in page.rs).
  const headers: Record<string, string> = method === 'GET' ? {} : { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  // Accounts are administered outside of organizations: also that of the view may be removed.
  if (organization !== null && !path.startsWith('/api/admin/')) headers['X-Organization'] = organization;
  if (method !== 'GET') {
    const token = /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1];
    if (token !== undefined) headers['X-CSRFToken'] = token;
  }
  const askedMs = method === 'GET' ? pageBeganMs() : Date.now();
  let response: Response;
  let text: string;
  try {
    // Below the page, where a proxy that hands `/analytics/` to us also finds the API.
    response = await fetch(`/analytics${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    const dateMs = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(dateMs)) serverClock.hear(dateMs, askedMs, Date.now());
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof TypeError)) throw error;
    throw unreachable(0, UNREACHABLE);
  }
  const answer = parsed(text);
  if (!response.ok) throw failure(response.status, answer);
  return answer;
}

/** What a page asks for ahead has an answer that may be as old as the page. */
function pageBeganMs(): number {
  return Date.now() - performance.now();
}

/** Told when nobody answers. */
let onUnreachable: (() => void) | null = null;

export function tellUnreachable(listener: () => void) {
  onUnreachable = listener;
}

function unreachable(status: number, message: string): ApiFailure {
  onUnreachable?.();
  return new ApiFailure(status, message, {}, true);
}

/** Whether the server answers; never fails. */
export async function isReachable(): Promise<boolean> {
  try {
    const { status } = await fetch('/analytics/api/server/about', { credentials: 'same-origin' });
    return status < 500;
  } catch {
    return false;
  }
}

function parsed(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function failure(status: number, answer: unknown): ApiFailure {
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) {
    const body = answer as Record<string, unknown>;
    if (typeof body.detail === 'string') return new ApiFailure(status, body.detail, body);
    return new ApiFailure(status, Object.values(body).flat().map(String).join(' '), body);
  }
  if (Array.isArray(answer)) return new ApiFailure(status, answer.map(String).join(' '));
  // A proxy's page says nothing to our users.
  if (status >= 500) return unreachable(status, `${UNREACHABLE} (${status})`);
  return new ApiFailure(status, `The server answered ${status}.`);
}

/** What the account may do, in the organization of the request. */
export type May = Described['May'];

export type Account = With<Described['Me'], { privilege: Privilege; organizations: Membership[] }>;

/** `null` if nobody is logged in. */
export async function me(): Promise<Account | null> {
  try {
    return (await request('GET', '/api/users/self')) as Account;
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 401) return null;
    throw error;
  }
}

/** Whose accounts count: ours have a form here, CVAT's one of their own. */
export async function accountsOf(): Promise<'annoscope' | 'cvat'> {
  const about = (await request('GET', '/api/server/about')) as Described['About'];
  return about.accounts as 'annoscope' | 'cvat';
}

export const logIn = (username: string, password: string) =>
  request('POST', '/api/auth/login', { username, password });
export const logOut = () => request('POST', '/api/auth/logout');

export interface QueryBody {
  sql: string;
  range: Range;
  intervalMs?: number;
  variables: Record<string, QueryValue>;
  params?: Record<string, unknown>;
  limit?: number;
  /** For who asks: ends of the range to look at in turn (`lib/events/pages.ts`). */
  windows?: Range[];
}

export interface Stats {
  rows: number;
  /** Stored rows that were looked at for it; `null` for who does not see all events. */
  rows_read: number | null;
  cached_rows: number;
  elapsed_ms: number;
  truncated: boolean;
  /** Whether events are missing that were acknowledged before it was asked. */
  behind?: boolean;
}

export interface Answer {
  frame: Frame;
  stats: Stats;
}

/** Times are texts in the description, as which they may come, too. */
type QueryPayload = With<Described['QueryBody'], { from: number; to: number }>;

/** What goes over the wire. */
export function queryPayload({ sql, range, intervalMs, variables, params, limit }: QueryBody): QueryPayload {
  return {
    sql,
    from: range.from,
    to: range.to,
    variables,
    time_format: 'unix_ms',
    ignore_format: true,
    ...(intervalMs === undefined ? {} : { interval_ms: intervalMs }),
    ...(params === undefined ? {} : { params }),
    ...(limit === undefined ? {} : { limit }),
  };
}

export async function query(body: QueryBody, refId = 'A', signal?: AbortSignal): Promise<Answer> {
  const answer = (await request('POST', '/api/query', queryPayload(body), signal)) as {
    columns: { name: string; type: string }[];
    rows: unknown[][];
    stats?: Stats;
    error?: { message?: string };
    detail?: string;
  };
  if (answer.stats === undefined) {
    // It failed after rows had been sent.
    const said = answer.detail ?? answer.error?.message ?? 'The query ended early.';
    throw new ApiFailure(500, said, answer as unknown as Record<string, unknown>);
  }
  const columns = answer.columns.map((column) => ({ ...column, kind: kindOf(column.type) }));
  return { frame: { refId, columns, rows: answer.rows }, stats: answer.stats };
}

export async function explain(body: QueryBody): Promise<{ clickhouse: string; duckdb: string }> {
  const payload = queryPayload(body);
  return (await request('POST', '/api/query/explain', payload)) as { clickhouse: string; duckdb: string };
}

export interface DashboardEntry {
  uid: string;
  title: string;
  description: string;
  tags: string[];
  folder: string;
  builtin: boolean;
  modified: boolean;
  version: number;
}

export interface DashboardList {
  dashboards: DashboardEntry[];
  problems: { file: string; message: string }[];
  may_save: boolean;
}

export interface Meta {
  version: number;
  builtin: boolean;
  modified: boolean;
  folder: string;
  file: string | null;
  author: string | null;
  updated: string | null;
}

export interface DashboardFile {
  dashboard: GrafanaDashboard;
  meta: Meta;
}

export interface Version {
  version: number;
  author: string | null;
  time: string | null;
  note: string;
}

const at = (uid: string) => `/api/dashboards/${encodeURIComponent(uid)}`;

export const dashboards = {
  list: async () => (await request('GET', '/api/dashboards')) as DashboardList,
  read: async (uid: string) => (await request('GET', at(uid))) as DashboardFile,
  save: async (
    uid: string,
    body: { dashboard: GrafanaDashboard; version: number; note: string; folder: string },
  ) => ((await request('PUT', at(uid), body)) as { meta: Meta }).meta,
  create: async (dashboard: GrafanaDashboard, note: string, folder = '') =>
    (await request('POST', '/api/dashboards', { dashboard, note, folder })) as { uid: string; meta: Meta },
  remove: (uid: string) => request('DELETE', at(uid)),
  versions: async (uid: string) =>
    ((await request('GET', `${at(uid)}/versions`)) as { versions: Version[] }).versions,
  version: async (uid: string, version: number) =>
    (await request('GET', `${at(uid)}/versions/${version}`)) as {
      dashboard: GrafanaDashboard;
      meta: Version;
    },
};
