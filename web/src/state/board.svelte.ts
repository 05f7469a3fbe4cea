/** An open dashboard: its file, its filters with their options, and the range that its panels ask for. */
import { untrack } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import { query, type Answer, type Meta, type QueryBody } from '../lib/api/client';
import { OPTIONS, QUERIES_AT_ONCE } from '../lib/api/limits';
import { Palette } from '../lib/format/colors';
import { parseDashboard, type Panel } from '../lib/model/dashboard';
import { withIds } from '../lib/model/edit';
import type { GrafanaDashboard } from '../lib/model/grafana';
import { optionsOfRows, writtenOptions } from '../lib/model/options';
import type { LinkContext } from '../lib/model/links';
import { hasRepeats, repeated, type Scope, type Scoped } from '../lib/model/repeat';
import { withTexts } from '../lib/model/texts';
import { ALL, AUTO, chosen, circular, closure, queryValue, type Option, type QueryValue, type Variable } from '../lib/model/variable'; // prettier-ignore
import type { Ask } from '../lib/panels/contract';
import { Pool, type Urgency } from '../lib/query/pool';
import type { About } from '../lib/about';
import { summary } from '../lib/model/search';
import type { Weekday } from '../lib/time/calendar';
import { serverClock } from '../lib/time/clock';
import { bucketMs, refreshMsOf, spanText } from '../lib/time/interval';
import { panelRange, type PanelRange } from '../lib/time/panelRange';
import { resolve, type RawRange, type Range } from '../lib/time/range';
import { weekStartOf } from '../lib/time/week';
import { knownZone, zoneName, type Zone } from '../lib/time/zone';
import { firstPanels } from '../lib/panels/first';
import { componentOf } from '../panels/components';
import { readDashboard } from './ahead';
import { bodiesOf } from './bodies';
import { Annotations } from './annotations.svelte';
import { colorsOf } from './colors';
import type { PanelData } from './panelData.svelte';
import { preferences } from './preferences.svelte';
import { router } from './router.svelte';
import { session } from './session.svelte';
import { ApiFailure } from '../lib/api/client';

export interface Loaded {
  options: Option[];
  isStale: boolean;
  error: string | null;
}

/** Stands in the address for a dashboard that is not saved yet; no saved one can be called so. */
export const NEW_UID = '~new';

const NEW_DASHBOARD: GrafanaDashboard = {
  title: 'New dashboard',
  panels: [],
  time: { from: 'now-7d', to: 'now' },
};
const NEW_META: Meta = { version: 0, builtin: false, modified: false, folder: '', file: null, author: null, updated: null }; // prettier-ignore

const NOTHING_LOADED: Loaded = { options: [], isStale: true, error: null };

/** Time for the panels in sight to ask first, ms. */
const PANELS_FIRST_MS = 150;

/** A range that cannot be read shows this one, and the header says so. */
const LAST_WEEK: RawRange = { from: 'now-7d', to: 'now' };

export class Board {
  readonly uid: string;
  readonly palette: Palette;
  readonly pool = new Pool(QUERIES_AT_ONCE);
  readonly annotations = new Annotations(this);
  /** As it is edited. */
  source = $state.raw<GrafanaDashboard>({});
  /** As it is saved. */
  saved = $state.raw<GrafanaDashboard>({});
  meta = $state.raw<Meta | null>(null);
  /** Where it is put by the next save. */
  folder = $state('');
  failure = $state<string | null>(null);
  /** Nobody has a dashboard of this name. */
  isMissing = $state(false);
  /** The instant that "now" means: moves on with each refresh. */
  now = $state(serverClock.now());
  loaded = $state<Record<string, Loaded>>({});
  /** Answers that are under way before their panel asks, each good for once. */
  #ahead = new Map<string, { answer: Promise<Answer>; abort: AbortController }>();
  #loads = new Map<string, { key: string; abort: AbortController }>();
  /** Filters whose options could not be asked for. */
  #failed = new Set<string>();
  /** Of the panels that are drawn. */
  readonly panels = new SvelteSet<PanelData>();

  /** As the file has it, each repeated panel once. */
  readonly file = $derived.by(() => parseDashboard(this.uid, this.source));
  readonly dashboard = $derived.by(() => {
    const { file } = this;
    if (!hasRepeats(file.sections)) return file;
    return { ...file, sections: repeated(file.sections, (name) => this.#scopedValues(name)) };
  });
  readonly isChanged = $derived.by(
    () => this.source !== this.saved || this.folder !== (this.meta?.folder ?? ''),
  );
  readonly #zoneText = $derived.by(() => router.view.zone ?? this.file.timezone);
  /** What is no zone is the browser's, and the header says so. */
  readonly zone: Zone = $derived.by(() => knownZone(this.#zoneText) ?? 'browser');
  readonly weekStart: Weekday = $derived.by(() =>
    weekStartOf(this.file.weekStart || preferences.weekStart, navigator.language),
  );
  readonly rawRange: RawRange = $derived.by(() => ({
    from: router.view.from ?? this.file.time.from,
    to: router.view.to ?? this.file.time.to,
  }));
  readonly #resolved = $derived.by(() => resolve(this.rawRange, this.now, this.zone, this.weekStart));
  readonly range: Range = $derived.by(() => this.#resolved ?? resolve(LAST_WEEK, this.now, this.zone)!);
  readonly #refreshText = $derived.by(() => router.view.refresh ?? this.file.refresh);
  /** Milliseconds between two refreshes; `null` for never. */
  readonly refreshMs: number | null = $derived.by(() => refreshMsOf(this.#refreshText) ?? null);
  readonly refresh = $derived.by(() => (this.refreshMs === null ? '' : this.#refreshText));
  /** What of the address or the file cannot be followed, a sentence each. */
  readonly warnings: string[] = $derived.by(() => [
    ...(this.#resolved === null
      ? [
          `The time range ${this.rawRange.from} – ${this.rawRange.to} cannot be read: the last 7 days are shown.`,
        ]
      : []),
    ...(knownZone(this.#zoneText) === null
      ? [`There is no time zone ${this.#zoneText}: times are in yours.`]
      : []),
    ...(refreshMsOf(this.#refreshText) === undefined
      ? [`Every ${this.#refreshText} is no interval to refresh at: it is off. Write 30s, 5m or 1h.`]
      : []),
  ]);
  readonly circular = $derived.by(() => circular(this.file.variables));

  constructor(uid: string) {
    this.uid = uid;
    this.palette = new Palette(colorsOf(uid));
  }

  async load() {
    this.failure = null;
    this.isMissing = false;
    try {
      const { dashboard, meta } = this.isNew
        ? { dashboard: NEW_DASHBOARD, meta: NEW_META }
        : await readDashboard(this.uid);
      this.source = this.saved = withIds(dashboard);
      this.meta = meta;
      this.folder = meta.folder;
      this.#askAhead();
    } catch (error) {
      this.isMissing = error instanceof ApiFailure && error.status === 404;
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

  /** Nobody saved it yet. */
  get isNew(): boolean {
    return this.uid === NEW_UID;
  }

  /** What is saved again, without the edits. */
  discard() {
    this.source = this.saved;
    this.folder = this.meta?.folder ?? '';
  }

  /** Asks everything again, with a later "now". */
  again() {
    this.#forgetAhead();
    this.now = serverClock.now();
    for (const name of this.#failed) this.#loads.delete(name);
    if (this.#failed.size === 0) return;
    this.#failed.clear();
    this.loadOptions();
  }

  /** Whether a panel is still waiting for its first answer, or another one. */
  readonly isWaiting = $derived.by(() => [...this.panels].some(({ isSettled }) => !isSettled));

  /** What the view shows, for files and paper. */
  about(): About {
    const filters = this.file.variables
      .filter((variable) => !variable.isHidden && !isOfPage(variable))
      .map((variable) => {
        const text = summary(variable, this.chosenOf(variable), this.optionsOf(variable) ?? [], Infinity);
        return { label: variable.label, text: text || 'all', isAll: text === '' };
      });
    const { range, zone } = this;
    return { title: this.dashboard.title, range, zone, filters, atMs: serverClock.now() };
  }

  /** What links may name; of a repeated panel with what stands for its variables. */
  linkContext(range: Range = this.range, scope: Scope = {}): LinkContext {
    const { variables } = this.file;
    const choices = Object.fromEntries(variables.map((variable) => [variable.name, this.chosenOf(variable)]));
    const values = this.values(variables.map(({ name }) => name)) ?? {};
    for (const [name, scoped] of Object.entries(scope)) {
      if (scoped === null) continue;
      choices[name] = [scoped.value];
      values[name] = scoped.value;
    }
    return { ...this.rawRange, range, choices, values };
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
    for (const name of closure(names, this.file.variables)) {
      const variable = this.file.variables.find((known) => known.name === name);
      if (!variable) continue;
      const value = this.#value(variable);
      if (value === null) return null;
      values[name] = value;
    }
    return values;
  }

  /** What a repeated panel is shown once for. */
  #scopedValues(name: string): Scoped[] | null {
    const variable = this.file.variables.find((known) => known.name === name);
    if (!variable) return [];
    const options = this.optionsOf(variable);
    const chosen = this.chosenOf(variable);
    if (chosen[0] === ALL) return options;
    return chosen.map((value) => options?.find((option) => option.value === value) ?? { value, text: value });
  }

  /** The range of a panel, which may have its own. */
  rangeOf({ source }: Pick<Panel, 'source'>): PanelRange {
    return panelRange(this.rawRange, this.range, source, this.now, this.zone);
  }

  /** A title or a text with what is chosen filled in. */
  filled(text: string, scope: Scope = {}): string {
    return withTexts(text, (name) => {
      if (name in scope) return scope[name]?.text ?? '…';
      const variable = this.file.variables.find((known) => known.name === name);
      if (!variable) return null;
      if (isOfPage(variable)) return zoneName(this.zone);
      const [options, chosen] = [this.optionsOf(variable), this.chosenOf(variable)];
      if (chosen[0] === ALL) return 'All';
      return chosen
        .map((value) => options?.find((option) => option.value === value)?.text ?? value)
        .join(' + ');
    });
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
    for (const variable of this.file.variables) {
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
    const to = serverClock.now();
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
      this.#failed.add(variable.name);
      // That nobody answers is said once for all.
      const isSaid = error instanceof ApiFailure && error.isUnreachable;
      this.loaded[variable.name] = { ...before, isStale: false, error: isSaid ? null : said(error) };
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
      const names = this.file.variables.map(({ name }) => name);
      return { sql, range: range ?? this.range, variables: this.values(names) ?? {} };
    });
    if (params) body.params = params;
    if (limit !== undefined) body.limit = limit;
    const { frame } = await this.ask(body, 'A', signal ?? new AbortController().signal);
    return frame;
  };

  close() {
    this.#forgetAhead();
    this.annotations.close();
    for (const { abort } of this.#loads.values()) abort.abort();
  }
}

/** What the page knows itself: the zone in force. Grafana has it as a text to fill in. */
export function isOfPage({ name, kind }: Variable): boolean {
  return name === 'timezone' && kind === 'textbox';
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
