/** What is asked on the page Explore, as its address has it: `/analytics/explore?sql=…&as=chart`. */
import type { PanelType } from '../model/dashboard';

/** Ways to show a result, and the panels that do. */
export const RESULT_VIEWS = {
  table: 'table',
  chart: 'timeseries',
  timeline: 'annoscope-timeline-panel',
} as const satisfies Record<string, PanelType>;
export type ResultView = keyof typeof RESULT_VIEWS;

export interface ExploreView {
  /** Empty before anything was asked. */
  sql: string;
  /** `null` as long as nobody chose. */
  as: ResultView | null;
}

export function emptyExplore(): ExploreView {
  return { sql: '', as: null };
}

/** `null` on any other page. */
export function parseExplore(pathname: string, params: URLSearchParams): ExploreView | null {
  if (!/^\/analytics\/explore\/?$/.test(pathname)) return null;
  const as = params.get('as');
  return { sql: params.get('sql') ?? '', as: as !== null && as in RESULT_VIEWS ? (as as ResultView) : null };
}

export function exploreParams(
  { explore }: { explore: ExploreView | null },
  params: URLSearchParams,
): URLSearchParams {
  // prettier-ignore
  if (explore?.as) params.set('as', explore.as);
  if (explore?.sql) params.set('sql', explore.sql);
  return params;
}

/** Where nobody chose: what is by buckets of time is a chart. */
export function viewOf({ sql, as }: ExploreView): ResultView {
  return as ?? (/\$__(timeInterval|timeGroup|dateInterval)/i.test(sql) ? 'chart' : 'table');
}
