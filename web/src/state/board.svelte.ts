/** An open dashboard: its file, its filters with their options, and the range that its panels ask for. */
import { untrack } from 'svelte';
import { query, type Answer, type Meta, type QueryBody } from '../lib/api/client';
import { OPTIONS, QUERIES_AT_ONCE } from '../lib/api/limits';
import { Palette } from '../lib/format/colors';
import { parseDashboard } from '../lib/model/dashboard';
import { withIds } from '../lib/model/edit';
import type { GrafanaDashboard } from '../lib/model/grafana';
import { optionsOfRows, writtenOptions } from '../lib/model/options';
import { AUTO, chosen, circular, closure, queryValue, type Option, type QueryValue, type Variable } from '../lib/model/variable'; // prettier-ignore
import type { Ask } from '../lib/panels/contract';
import { Pool, type Urgency } from '../lib/query/pool';
import { localZone, type Zone } from '../lib/time/calendar';
import { bucketMs, parseSpan, spanText } from '../lib/time/interval';
import { resolve, type RawRange, type Range } from '../lib/time/range';
import { firstPanels } from '../lib/panels/first';
import { componentOf } from '../panels/components';
import { readDashboard } from './ahead';
import { bodiesOf } from './bodies';
import { router } from './router.svelte';
import { session } from './session.svelte';
import { ApiFailure } from '../lib/api/client';

export interface Loaded {
  options: Option[];
  isStale: boolean;
  error: string | null;
}

const NOTHING_LOADED: Loaded = { options: [], isStale: true, error: null };

/** Time for the panels in sight to ask first, ms. */
const PANELS_FIRST_MS = 150;

/** A range that cannot be read shows this one, and the header says so. */
const LAST_WEEK: RawRange = { from: 'now-7d', to: 'now' };

export class Board {
  readonly uid: string;
  readonly palette = new Palette();
  readonly pool = new Pool(QUERIES_AT_ONCE);
  /** As it is edited. */
  source = $state.raw<GrafanaDashboard>({});
  /** As it is saved. */
  saved = $state.raw<GrafanaDashboard>({});
  meta = $state.raw<Meta | null>(null);
  /** Where it is put by the next save. */
  folder = $state('');
  failure = $state<string | null>(null);
  /** The instant that "now" means: moves on with each refresh. */
  now = $state(Date.now());
  loaded = $state<Record<string, Loaded>>({});
  /** Answers that are under way before their panel asks, each good for once. */
  #ahead = new Map<string, { answer: Promise<Answer>; abort: AbortController }>();
  #loads = new Map<string, { key: string; abort: AbortController }>();

  readonly dashboard = $derived.by(() => parseDashboard(this.uid, this.source));
  readonly isChanged = $derived.by(
    () => this.source !== this.saved || this.folder !== (this.meta?.folder ?? ''),
  );
  readonly zone: Zone = $derived.by(() => router.view.zone ?? (this.dashboard.isUtc ? 'utc' : 'browser'));
  readonly rawRange: RawRange = $derived.by(() => ({
    from: router.view.from ?? this.dashboard.time.from,
    to: router.view.to ?? this.dashboard.time.to,
  }));
  readonly range: Range = $derived.by(
    () => resolve(this.rawRange, this.now, this.zone) ?? resolve(LAST_WEEK, this.now, this.zone)!,
  );
  readonly isRangeReadable = $derived.by(() => resolve(this.rawRange, this.now, this.zone) !== null);
  readonly refresh = $derived.by(() => router.view.refresh ?? this.dashboard.refresh);
  readonly circular = $derived.by(() => circular(this.dashboard.variables));

  constructor(uid: string) {
    this.uid = uid;
  }

  async load() {
    this.failure = null;
    try {
      const { dashboard, meta } = await readDashboard(this.uid);
      this.source = this.saved = withIds(dashboard);
      this.meta = meta;
      this.folder = meta.folder;
      this.#askAhead();
    } catch (error) {
      this.failure = said(error);
    }
  }

  /** What is seen first is asked for before it is drawn. */
  #askAhead() {
    this.#forgetAhead();
    const window = { widthPx: document.documentElement.clientWidth, heightPx: innerHeight };
    for (const { panel, widthPx } of firstPanels(this.dashboard, router.view.viewPanel, window)) {
      void componentOf(panel.type);
      for (const body of bodiesOf(this, panel, widthPx) ?? []) {
        // Which of them is asked is known when the one before is answered.
        if (body.windows !== undefined) continue;
        const abort = new AbortController();
        const answer = this.pool.run(abort.signal, () => query(body, 'A', abort.signal));
        // Told to the panel, if it asks for this.
        answer.catch(() => {});
        this.#ahead.set(JSON.stringify(body), { answer, abort });
      }
    }
  }

  /** What is saved again, without the edits. */
  discard() {
    this.source = this.saved;
    this.folder = this.meta?.folder ?? '';
  }

  /** Asks everything again, with a later "now". */
  again() {
    this.#forgetAhead();
    this.now = Date.now();
  }

  /** Milliseconds between two refreshes; `null` for never. */
  get refreshMs(): number | null {
    return this.refresh === '' ? null : parseSpan(this.refresh);
  }

  optionsOf({ name, kind, query, auto }: Variable): Option[] | null {
    const first = auto === null ? [] : [{ value: AUTO, text: 'auto' }];
    if (kind === 'custom' || kind === 'interval') return [...first, ...writtenOptions(query)];
    const loaded = this.loaded[name];
    return loaded === undefined || (loaded.isStale && loaded.options.length === 0) ? null : loaded.options;
  }

  chosenOf(variable: Variable): string[] {
    return chosen(variable, router.view.choices[variable.name], this.optionsOf(variable) ?? []);
  }

  choose(variable: Variable, values: string[]) {
    router.change({ choices: { ...router.view.choices, [variable.name]: values } });
  }

  /** Values for the variables that a text needs; `null` while one of them is not known yet. */
  values(names: string[]): Record<string, QueryValue> | null {
    const values: Record<string, QueryValue> = {};
    for (const name of closure(names, this.dashboard.variables)) {
      const variable = this.dashboard.variables.find((known) => known.name === name);
      if (!variable) continue;
      const value = this.#value(variable);
      if (value === null) return null;
      values[name] = value;
    }
    return values;
  }

  #value(variable: Variable): QueryValue | null {
    // Days are those of the zone in force.
    if (isOfPage(variable)) return zoneName(this.zone);
    const chosen = this.chosenOf(variable);
    if (variable.auto !== null && chosen[0] === AUTO) {
      const { count, leastMs } = variable.auto;
      return spanText(bucketMs(this.range.to - this.range.from, count, leastMs));
    }
    return queryValue(variable, chosen, this.optionsOf(variable));
  }

  /** Asks for the options of each filter whose query, range or filters above it changed. */
  loadOptions() {
    for (const variable of this.dashboard.variables) {
      if (variable.kind !== 'query' || this.circular.includes(variable.name)) continue;
      const values = this.values(variable.references);
      if (values === null) continue;
      const range = variable.followsRange ? this.range : this.#anyRange();
      const key = JSON.stringify([variable.query, variable.regex, values, variable.followsRange && range]);
      if (this.#loads.get(variable.name)?.key === key) continue;
      this.#loads.get(variable.name)?.abort.abort();
      const abort = new AbortController();
      this.#loads.set(variable.name, { key, abort });
      void this.#loadOptions(
        variable,
        { sql: variable.query, range, variables: values, limit: OPTIONS },
        abort.signal,
      );
    }
  }

  /** Without the range as a dependency: moving on shall not ask what does not change. */
  #anyRange(): Range {
    const to = Date.now();
    return { from: to - 90 * 86_400_000, to };
  }

  async #loadOptions(variable: Variable, body: QueryBody, signal: AbortSignal) {
    const before = this.loaded[variable.name] ?? NOTHING_LOADED;
    this.loaded[variable.name] = { ...before, isStale: true, error: null };
    // Panels that need them wait for nothing else; a list that nobody has opened waits for the panels.
    const urgency = this.#value(variable) === null ? 'now' : 'later';
    try {
      if (urgency === 'later') await pause(PANELS_FIRST_MS, signal);
      const { frame } = await this.ask(body, 'A', signal, urgency);
      const options = optionsOfRows(variable, frame.columns, frame.rows);
      this.loaded[variable.name] = { options, isStale: false, error: null };
    } catch (error) {
      if (signal.aborted) return;
      this.loaded[variable.name] = { ...before, isStale: false, error: said(error) };
    }
  }

  async ask(body: QueryBody, refId: string, signal: AbortSignal, urgency: Urgency = 'now'): Promise<Answer> {
    try {
      const ahead = this.#taken(body);
      if (ahead === null) return await this.pool.run(signal, () => query(body, refId, signal), urgency);
      // From now on it is the panel's, which may have no more use for it.
      signal.addEventListener('abort', () => ahead.abort.abort(), { once: true });
      const { frame, stats } = await ahead.answer;
      return { frame: { ...frame, refId }, stats };
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 401) session.expired();
      throw error;
    }
  }

  #taken(body: QueryBody) {
    const key = JSON.stringify(body);
    const ahead = this.#ahead.get(key) ?? null;
    this.#ahead.delete(key);
    return ahead;
  }

  #forgetAhead() {
    for (const { abort } of this.#ahead.values()) abort.abort();
    this.#ahead.clear();
  }

  /** What panels ask with beside their own queries. */
  askFreely: Ask = async (sql, { range, params, limit, signal } = {}) => {
    // Who asks decides when to ask again: lists of filters that arrive meanwhile are no reason.
    const body: QueryBody = untrack(() => {
      const names = this.dashboard.variables.map(({ name }) => name);
      return { sql, range: range ?? this.range, variables: this.values(names) ?? {} };
    });
    if (params) body.params = params;
    if (limit !== undefined) body.limit = limit;
    const { frame } = await this.ask(body, 'A', signal ?? new AbortController().signal);
    return frame;
  };

  close() {
    this.#forgetAhead();
    for (const { abort } of this.#loads.values()) abort.abort();
  }
}

/** What the page knows itself: the zone in force. Grafana has it as a text to fill in. */
export function isOfPage({ name, kind }: Variable): boolean {
  return name === 'timezone' && kind === 'textbox';
}

export function zoneName(zone: Zone): string {
  return zone === 'utc' ? 'UTC' : localZone();
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}

export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
