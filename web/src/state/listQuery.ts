/** What a panel that lists events asks, by the address. */
import { filterConditions, searchCondition, type Params } from '../lib/events/conditions';
import { eventList, hasColumn, namesOf, type EventList } from '../lib/events/list';
import { firstPage, type AskedPage, type ListQuery } from '../lib/events/pages';
import { orderOf } from '../lib/events/paging';
import type { Panel } from '../lib/model/dashboard';
import { parseInstant } from '../lib/time/instant';
import type { Range } from '../lib/time/range';
import { WHOLE, type PanelView } from '../lib/url/panelView';
import type { Board } from './board.svelte';
import { router } from './router.svelte';

/** How a panel lists events; `null` if it does not. */
export function listOf(panel: Panel): EventList | null {
  const [target, ...others] = panel.targets;
  const isTable = panel.type === 'table' && others.length === 0 && !panel.source.transformations?.length;
  return isTable && target ? eventList(target.sql) : null;
}

export const viewOf = (panel: Panel): PanelView => router.view.panels[panel.id] ?? WHOLE;

export function listQuery(board: Board, panel: Panel, list: EventList, range: Range): Omit<ListQuery, 'ask'> {
  const order = orderOf(router.view.sorts[panel.id]);
  const { column } = order;
  // Names of projects are beside the events: they order the loaded rows alone.
  const isOfEvents = column === null || (hasColumn(list, column) && namesOf(list, column) === null);
  const view = viewOf(panel);
  return {
    list,
    range,
    order: isOfEvents ? order : orderOf(undefined),
    conditionsOf: (params) => conditionsOf(board, list, view, params),
  };
}

export function conditionsOf(
  { now, zone }: Board,
  list: EventList,
  { filters, search }: Pick<PanelView, 'filters' | 'search'>,
  params: Params,
): string[] {
  const found = searchCondition(list, search, params);
  const conditions = filterConditions(list, filters, params, (text) => {
    const [from, to] = (['from', 'to'] as const).map((end) => parseInstant(text, end, now, zone));
    return from == null || to == null ? null : { from, to };
  });
  return found === null ? conditions : [...conditions, found];
}

/** The newest page, which the panel asks as its query. */
export function firstPageOf(board: Board, panel: Panel, list: EventList): AskedPage {
  return firstPage(listQuery(board, panel, list, board.range));
}
