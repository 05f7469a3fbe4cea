/**
 * The events of a panel that lists them: the newest page is the panel's own answer, older ones come on demand, and
 * counts are the server's. A refresh leaves what was loaded where it is.
 */
import type { Answer } from '../lib/api/client';
import type { Frame } from '../lib/data/frame';
import { containing, Params } from '../lib/events/conditions';
import { eventPlace, rowKeys } from '../lib/events/identity';
import { addedColumns, countSql, hasColumn, listSql, valuesSql, type EventList } from '../lib/events/list';
import { nextPage, type AskedPage, type ListQuery } from '../lib/events/pages';
import { merged } from '../lib/events/paging';
import type { Panel } from '../lib/model/dashboard';
import { referencesIn } from '../lib/model/variable';
import type { FoundEvent, ListedEvents } from '../lib/panels/contract';
import type { Urgency } from '../lib/query/pool';
import type { ValueCount } from '../lib/table/view';
import type { Range } from '../lib/time/range';
import { said, type Board } from './board.svelte';
import { conditionsOf, listQuery, viewOf } from './listQuery';
import type { Shown } from './panelData.svelte';
import { router } from './router.svelte';

/** Values that a column's popover lists; typing finds the others. */
const MOST_VALUES = 1_000;

export class EventRows implements ListedEvents {
  /** All that are loaded, the newest page first; `null` before the first answer. */
  frame = $state.raw<Frame | null>(null);
  /** How many there are of the filters; `null` while that is not known. */
  total = $state.raw<number | null>(null);
  isEnd = $state(false);
  isLoading = $state(false);
  failure = $state.raw<string | null>(null);
  #question = '';
  #abort = new AbortController();
  #panel: Panel;
  #list: EventList;
  #range: Range;
  readonly #board: Board;

  constructor(board: Board, panel: Panel, list: EventList) {
    this.#board = board;
    this.#panel = panel;
    this.#list = list;
    this.#range = board.range;
  }

  /** The panel has an answer. */
  update(panel: Panel, list: EventList, { frames, range, isTruncated }: Shown) {
    this.close();
    this.#abort = new AbortController();
    [this.#panel, this.#list, this.#range] = [panel, list, range];
    this.isLoading = false;
    this.failure = null;
    const [newest] = frames as [Frame];
    const { sorts, choices } = router.view;
    const question = JSON.stringify([viewOf(panel), sorts[panel.id], choices, this.#board.rawRange]);
    const isAgain = question === this.#question;
    this.#question = question;
    const before = isAgain ? this.frame : null;
    const isAll = newest.rows.length < list.limit && !isTruncated;
    this.frame = before === null || isAll ? newest : merged(newest, before);
    this.isEnd = isAll || (this.isEnd && this.frame !== newest);
    if (isAll) this.total = newest.rows.length;
    else {
      if (!isAgain) this.total = null;
      void this.#count(this.#abort.signal);
    }
  }

  async #count(signal: AbortSignal) {
    const params = new Params();
    const sql = countSql(this.#list, this.#query.conditionsOf(params));
    try {
      const { frame } = await this.#ask({ sql, params: params.values, range: this.#range, limit: 1 }, signal, 'later'); // prettier-ignore
      this.total = Number(frame.rows[0]?.[0]);
    } catch (error) {
      if (!signal.aborted) this.failure = said(error);
    }
  }

  async older() {
    if (this.isLoading || this.isEnd || this.frame === null) return;
    const { signal } = this.#abort;
    this.isLoading = true;
    this.failure = null;
    try {
      const page = await nextPage(this.#asking(signal), this.frame, this.#list.limit);
      signal.throwIfAborted();
      this.frame = { ...this.frame, rows: [...this.frame.rows, ...page.frame.rows] };
      this.isEnd = page.isEnd;
    } catch (error) {
      if (signal.aborted) return;
      this.failure = said(error);
    }
    this.isLoading = false;
  }

  /** All events of the filters, page by page. */
  async *pages(nRows: number, signal: AbortSignal): AsyncGenerator<Frame> {
    const query = this.#asking(signal);
    let loaded: Frame | null = null;
    for (;;) {
      const page = await nextPage(query, loaded, nRows);
      yield page.frame;
      if (page.isEnd) return;
      loaded = page.frame;
    }
  }

  async values(column: string, typed: string, signal: AbortSignal): Promise<ValueCount[]> {
    const { filters, search } = viewOf(this.#panel);
    const { [column]: _, ...others } = filters;
    const params = new Params();
    const conditions = conditionsOf(this.#board, this.#list, { filters: others, search }, params);
    const pattern = typed.trim() === '' ? null : params.add('String', containing(typed.trim()));
    const sql = valuesSql(this.#list, column, { conditions, limit: MOST_VALUES, pattern });
    const { frame } = await this.#ask({ sql, params: params.values, range: this.#range, limit: MOST_VALUES }, signal); // prettier-ignore
    return frame.rows.map(([value, n]) => ({ text: value === null ? '' : String(value), count: Number(n) }));
  }

  /** Nobody looks for one of a million instants or payloads in a list. */
  isCounted(column: string): boolean {
    return column !== 'timestamp' && column !== 'payload' && column !== 'stack' && this.isAsked(column);
  }

  isAsked(column: string): boolean {
    return hasColumn(this.#list, column);
  }

  get added(): readonly string[] {
    return addedColumns(this.#list);
  }

  async find(key: string, signal: AbortSignal): Promise<FoundEvent | null> {
    const place = eventPlace(key);
    if (place === null) return null;
    const params = new Params();
    const conditions = [
      `timestamp = fromUnixTimestamp64Milli(${params.add('Int64', place.atMs)})`,
      `request_id = ${params.add('String', place.requestId)}`,
    ];
    if (place.position !== null) conditions.push(`position = ${params.add('UInt64', place.position)}`);
    const { limit } = this.#list;
    const sql = listSql(this.#list, { conditions, limit });
    const range = { from: place.atMs, to: place.atMs + 1000 };
    const { frame } = await this.#ask({ sql, params: params.values, range, limit }, signal);
    const row = rowKeys(frame).indexOf(key);
    return row < 0 ? null : { frame, row };
  }

  close() {
    this.#abort.abort();
  }

  get #query() {
    return listQuery(this.#board, this.#panel, this.#list, this.#range);
  }

  get #variables() {
    return this.#board.values(referencesIn(this.#panel.targets[0]!.sql)) ?? {};
  }

  /** With the filters of now: what is chosen while pages come is another question. */
  #asking(signal: AbortSignal): ListQuery {
    const variables = this.#variables;
    return {
      ...this.#query,
      ask: (asked) => this.#board.ask({ ...asked, variables }, 'A', signal),
    };
  }

  #ask(asked: AskedPage, signal: AbortSignal, urgency: Urgency = 'now'): Promise<Answer> {
    return this.#board.ask({ ...asked, variables: this.#variables }, 'A', signal, urgency);
  }
}
