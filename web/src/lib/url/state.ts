/**
 * The state of a view in its address, in Grafana's form, so that copied links go both ways. What is
 * not one of Grafana's names has a name of ours with a dot: `sort.4=-count()`.
 */
import { adminAddress, parseAdmin, type AdminView } from '../admin/address';
import { exploreParams, parseExplore, type ExploreView } from '../explore/address';
import type { RequestPlace } from '../request';
import { parseLooks, writeLooks, type Look } from '../timesheet/look';
import { parsePanelViews, writePanelViews, type PanelView } from './panelView';

const HOME = '/analytics/';

/** A variable's choice as it stands in the URL: what is absent has the dashboard's default. */
export type Choices = Record<string, string[]>;

/** What a slug is made of; another text would be no header either. */
const SLUG = /^[\w-]{1,100}$/;

export interface ViewState {
  /** The slug of the organization that all is asked of; `null` is outside of organizations. */
  org: string | null;
  /** Where in the pages of accounts; `null` on dashboards and the start page. */
  admin: AdminView | null;
  /** What is asked on the page Explore; `null` on any other. */
  explore: ExploreView | null;
  /** `null` on the start page. */
  uid: string | null;
  from: string | null;
  to: string | null;
  /** An interval such as `30s`, `''` for never, `null` for the dashboard's. */
  refresh: string | null;
  /** As it is written, `null` for the dashboard's. */
  zone: string | null;
  /** The panel that fills the screen. */
  viewPanel: number | null;
  /** The open cell: panel, row (a word of `lib/events/identity.ts`) and column. */
  cell: { panel: number; row: string; column: string } | null;
  /** The request whose events are open, with the instant of the event that led to it. */
  request: RequestPlace | null;
  choices: Choices;
  /** By panel: a column, with `-` in front for descending. */
  sorts: Record<number, string>;
  /** By panel: how its timesheet is looked at. */
  looks: Record<number, Look>;
  /** By panel: its filters, and what of it is hidden. */
  panels: Record<number, PanelView>;
  /** By name: annotations that are shown or not, where that is not as the file says. */
  annotations: Record<string, boolean>;
}

export function parse(pathname: string, search: string): ViewState {
  const params = new URLSearchParams(search);
  const org = params.get('org');
  const state: ViewState = {
    org: org !== null && SLUG.test(org) ? org : null,
    admin: parseAdmin(pathname, params),
    explore: parseExplore(pathname, params),
    uid: uidOf(pathname),
    from: params.get('from'),
    to: params.get('to'),
    refresh: params.get('refresh'),
    zone: params.get('timezone'),
    viewPanel: panelId(params.get('viewPanel')),
    cell: null,
    request: requestOf(params.get('request')),
    choices: {},
    sorts: {},
    looks: parseLooks(params),
    panels: parsePanelViews(params),
    annotations: {},
  };
  for (const [key, value] of params) {
    if (key.startsWith('var-')) {
      const chosen = (state.choices[key.slice(4)] ??= []);
      // `var-name=` alone says that nothing is chosen.
      if (value !== '' || params.getAll(key).length > 1) chosen.push(value);
    } else if (key.startsWith('sort.')) {
      const panel = panelId(key.slice(5));
      if (panel !== null && value !== '') state.sorts[panel] = value;
    } else if (key.startsWith('annotations.')) {
      if (value === 'on' || value === 'off') state.annotations[key.slice(12)] = value === 'on';
    } else if (key === 'cell') {
      const match = /^(\d+)\.([\w-]+)\.(.+)$/s.exec(value);
      if (match) state.cell = { panel: Number(match[1]), row: match[2]!, column: match[3]! };
    }
  }
  return state;
}

export function format(state: ViewState): string {
  const params = new URLSearchParams();
  if (state.org !== null) params.set('org', state.org);
  if (state.admin !== null) return withSearch(HOME + adminAddress(state.admin, params), params);
  if (state.uid === null && state.explore === null) return withSearch(HOME, params);
  if (state.from !== null) params.set('from', state.from);
  if (state.to !== null) params.set('to', state.to);
  if (state.zone !== null) params.set('timezone', state.zone);
  if (state.refresh !== null) params.set('refresh', state.refresh);
  for (const [name, values] of Object.entries(state.choices)) {
    for (const value of values.length === 0 ? [''] : values) params.append(`var-${name}`, value);
  }
  for (const [panel, sort] of Object.entries(state.sorts)) params.set(`sort.${panel}`, sort);
  for (const [name, isOn] of Object.entries(state.annotations)) params.set(`annotations.${name}`, isOn ? 'on' : 'off'); // prettier-ignore
  writeLooks(params, state.looks);
  writePanelViews(state.panels, params);
  if (state.viewPanel !== null) params.set('viewPanel', String(state.viewPanel));
  if (state.cell) params.set('cell', `${state.cell.panel}.${state.cell.row}.${state.cell.column}`);
  if (state.request)
    params.set('request', `${state.request.id}.${state.request.event ?? state.request.atMs}`);
  if (state.explore !== null) return withSearch(`${HOME}explore`, exploreParams(state, params));
  return withSearch(`${HOME}d/${encodeURIComponent(state.uid ?? '')}`, params);
}

function withSearch(path: string, params: URLSearchParams): string {
  const search = params.toString();
  return search === '' ? path : `${path}?${search}`;
}

/** The start page of the same organization. */
export function ofStart(now: ViewState): ViewState {
  return { ...now, uid: null, admin: null, explore: null };
}

/** A fresh view of another dashboard that keeps what concerns all of them. */
export function ofDashboard(uid: string, now: ViewState): ViewState {
  return {
    ...now,
    uid,
    admin: null,
    explore: null,
    viewPanel: null,
    cell: null,
    request: null,
    choices: {},
    sorts: {},
    looks: {},
    panels: {},
    annotations: {},
    refresh: null,
  };
}

/** The page Explore, with the range that is looked at. */
export function ofExplore(explore: ExploreView, now: ViewState): ViewState {
  return { ...ofDashboard('', now), uid: null, explore };
}

function uidOf(pathname: string): string | null {
  const match = /^\/analytics\/d\/([^/]+)/.exec(pathname);
  if (!match) return null;
  try {
    return decodeURIComponent(match[1]!);
  } catch {
    return match[1]!;
  }
}

function panelId(text: string | null): number | null {
  // Newer Grafana writes `panel-4`.
  const match = /^(?:panel-)?(\d+)$/.exec(text ?? '');
  return match ? Number(match[1]) : null;
}

function requestOf(text: string | null): RequestPlace | null {
  const match = /^(.+)\.((-?\d+)(?:_[\w-]+)?)$/s.exec(text ?? '');
  if (!match) return null;
  const [, id, event, atMs] = match as unknown as [string, string, string, string];
  return { id, atMs: Number(atMs), event: event === atMs ? null : event };
}
